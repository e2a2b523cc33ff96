import Foundation
import InteropContracts
import RPC
import RPCTransport
import Reactor
import Synchronization
import TLSTransport

/// The cases as Steward's own client in Swift passes them.
package enum SwiftClient {
    typealias Case = @Sendable (CaseWorld) async throws -> Void

    /// What each case does; its id is the one in Tests/Interop/cases.tsv.
    static let cases: [String: Case] = unaryCases.merging(streamCases) { first, _ in first }
        .merging(endCases) { first, _ in first }.merging(linkCases) { first, _ in first }

    /// The ids of all cases that there are.
    package static var caseIDs: Set<String> { Set(cases.keys) }

    /// Runs a case; gives what went wrong, or nil when it passed.
    package static func run(_ id: String, port: UInt16, trustRoots: String) async -> String? {
        guard let body = cases[id] else { return "there is no case \(id)" }
        do {
            let world = try CaseWorld(port: port, trustRoots: trustRoots)
            let outcome: String?
            do {
                try await body(world)
                outcome = nil
            } catch {
                outcome = "\(error)"
            }
            await world.close()
            return outcome
        } catch {
            return "\(error)"
        }
    }
}

/// A case found something else than it expects.
struct CaseFailure: Error, CustomStringConvertible {
    let description: String
}

/// What a case works with: clients of a server, on a loop of their own.
final class CaseWorld: Sendable {
    /// No call of a case takes longer.
    static let patience = Duration.seconds(30)

    let port: UInt16
    let loops: EventLoopGroup
    private let tls: TLSContext
    private let clients = Mutex<[RPCClient]>([])

    init(port: UInt16, trustRoots: String) throws {
        self.port = port
        loops = try EventLoopGroup(count: 1)
        tls = try .client(TLSSettings(trustRoots: trustRoots, verifyPeer: .required))
    }

    /// A client with one connection.
    func client(_ limits: ClientLimits = ClientLimits(), port: UInt16? = nil) throws -> RPCClient {
        let client = RPCClient(
            loops: loops, addresses: [try SocketAddress("127.0.0.1:\(port ?? self.port)")],
            serverName: InteropServer.serverName,
            tls: tls, limits: limits, agent: "steward-interop-swift/1", logger: InteropServer.logger)
        clients.withLock { $0.append(client) }
        return client
    }

    /// The service, at the end of a connection.
    func service(_ limits: ClientLimits = ClientLimits(), port: UInt16? = nil) throws -> TestServiceClient {
        TestServiceClient(channel: try client(limits, port: port))
    }

    /// A server that the case has for itself.
    func startServer(_ request: StartServerRequest = StartServerRequest()) async throws -> UInt16 {
        let answer = try await service().startServer(request, options: options())
        return UInt16(answer.port ?? 0)
    }

    func options(
        timeout: Duration = CaseWorld.patience, requestID: String? = nil, metadata: Metadata = Metadata()
    ) -> CallOptions {
        CallOptions(timeout: timeout, requestID: requestID, metadata: metadata)
    }

    /// A name for a call that no other case uses.
    func key() -> String { UUID().uuidString }

    func close() async {
        for client in clients.withLock({ $0 }) { await client.close() }
        await withCheckedContinuation { continuation in
            let loops = loops
            // Blocks until the loops have ended, so on a thread of its own.
            Task.detached {
                loops.shutdown()
                continuation.resume()
            }
        }
    }
}

/// Fails the case unless the two are the same.
func expect<Value: Equatable>(_ what: String, _ found: Value, _ wanted: Value) throws {
    guard found == wanted else { throw CaseFailure(description: "\(what) is \(found), not \(wanted)") }
}

/// Fails the case unless the body ends with this code, and reason if one is given. Gives the error.
@discardableResult
func expectError(
    _ code: StatusCode, _ reason: String? = nil, _ body: () async throws -> Void
) async throws -> RPCError {
    do {
        try await body()
    } catch let error as RPCError {
        try expect("the code of \(error)", error.code, code)
        if let reason { try expect("the reason of \(error)", error.reason, reason) }
        return error
    }
    throw CaseFailure(description: "the call ended well, not with \(code)")
}
