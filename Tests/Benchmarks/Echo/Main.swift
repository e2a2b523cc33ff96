import Glibc
import RPCTransport
import TLSTransport

/// The servers that the benchmarks measure beside the ceiling:
///
///     steward-echo certificates FOLDER            makes ca.crt, server.crt, server.key, gateway.crt, gateway.key
///     steward-echo serve FOLDER INTERCEPTORS      one loop; echoes through router, task and so many empty interceptors
///     steward-echo serve-programs FOLDER INTERCEPTORS   the same for peers with a program's certificate
///     steward-echo relay FOLDER PORT              one loop; passes calls on to the server at PORT, as the gateway does
///
/// The servers print their port and serve until they are killed.
@main
struct Main {
    static func main() async throws {
        let words = CommandLine.arguments.dropFirst()
        let server: RPCServer
        switch (words.first, words.count) {
        case ("certificates", 2): return try Folder(path: words[2]).fill()
        case ("serve", 3):
            server = try EchoServer.make(Folder(path: words[2]), words[3], isForPrograms: false)
        case ("serve-programs", 3):
            server = try EchoServer.make(Folder(path: words[2]), words[3], isForPrograms: true)
        case ("relay", 3): server = try RelayServer.make(Folder(path: words[2]), words[3])
        default:
            print("usage: steward-echo certificates|serve|serve-programs|relay FOLDER [INTERCEPTORS|PORT]")
            exit(64)
        }
        try await server.start()
        print(server.localAddress?.port ?? 0)
        fflush(nil)
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}
