import Foundation
import InteropSuite

/// The server and the Swift client of the interoperability suite:
///
///     steward-interop serve FOLDER             writes FOLDER/ca.crt, prints the port and serves until it is killed
///     steward-interop CASE-ID HOST PORT CA     runs one case as a client; exit code 0 when it passes
@main
struct Main {
    static func main() async throws {
        let words = Array(CommandLine.arguments.dropFirst())
        switch (words.first, words.count) {
        case ("serve", 2):
            let server = try InteropServer(folder: words[1])
            print(try await server.start())
            fflush(nil)
            while true { try await Task.sleep(for: .seconds(3600)) }
        case (.some(let id), 4):
            guard let port = UInt16(words[2]) else { usage() }
            if let complaint = await SwiftClient.run(id, port: port, trustRoots: words[3]) {
                print(complaint)
                exit(1)
            }
        default: usage()
        }
    }

    private static func usage() -> Never {
        print("usage: steward-interop serve FOLDER | CASE-ID HOST PORT CA")
        exit(64)
    }
}
