import Contracts
import IdentityContracts
import RPC
import Reactor
import Tenancy
import TestPostgres
import TestService
import Testing
import Wire

@testable import IdentityService

struct WatchTests {
    /// Begins to watch; gives the answers as they come.
    private func watch<Response: WireMessage>(
        _ identity: TestIdentity, _ method: MethodDefinition, _ request: some WireMessage,
        as response: Response.Type
    ) throws -> (AsyncStream<Response>, Task<Void, Never>) {
        let table = RouteTable(identity.router)
        let route = try #require(Array(method.path.utf8).withUnsafeBytes { table.find($0) })
        guard case .serverStreaming(let handler) = route.handler else {
            throw RPCError.unimplemented("KIND", method.path)
        }
        let (stream, continuation) = AsyncStream.makeStream(of: Response.self)
        let bytes = request.encoded()
        let task = Task(executorPreference: identity.postgres.loops.loops[0]) {
            let arena = Arena()
            let context = CallContext(
                method: method, deadline: .never, trace: .make(),
                connection: ConnectionContext(peer: .program(.sales), logger: identity.postgres.logger), arena: arena,
                startNanoseconds: MonotonicTime.now())
            let sink = Sink { continuation.yield(Response($0)) }
            if let message = try? bytes.withUnsafeBytes({
                try WireCodec.decode($0, as: method.request, arena: arena)
            }) {
                try? await handler(message, MessageWriter(sink, arena: Arena()), context)
            }
            continuation.finish()
        }
        return (stream, task)
    }

    private final class Sink: MessageSink {
        private let take: @Sendable (Message) -> Void

        init(_ take: @escaping @Sendable (Message) -> Void) { self.take = take }

        func write(_ message: Message) async throws { take(message) }

        func write(encoded message: [UInt8], until deadline: Deadline) async throws {
            preconditionFailure("writes messages")
        }
    }

    @Test func watchersOfPoliciesHearOfChanges() async throws {
        try await inWorkspace { identity, workspace in
            let (stream, task) = try watch(
                identity, PolicyServiceMethods.watchPolicies, WatchPoliciesRequest(), as: WatchPoliciesResponse.self)
            var answers = stream.makeAsyncIterator()
            #expect(await answers.next() == WatchPoliciesResponse())
            let user = try await workspace.addUser("new")
            while let answer = await answers.next() {
                if answer.changes.contains(where: { $0.tenantID == workspace.id.id.bytes }) { break }
            }
            #expect(try await workspace.policy().users.contains { $0.id == user.id.bytes })
            identity.identity.feed.beat()
            while let answer = await answers.next(), !answer.changes.isEmpty {}
            task.cancel()
            while await answers.next() != nil {}
        }
    }

    @Test func watchersOfRevocationsHearOfEndedSessions() async throws {
        try await inWorkspace { identity, workspace in
            let caller = try await identity.resolve(identity.signIn(workspace.name))
            let (stream, task) = try watch(
                identity, CallerServiceMethods.watchRevocations, WatchRevocationsRequest(),
                as: WatchRevocationsResponse.self)
            var answers = stream.makeAsyncIterator()
            #expect(await answers.next() == WatchRevocationsResponse())
            _ = try await identity.authentication(as: caller).signOut(SignOutRequest())
            let session = try #require(caller.sessionID)
            while let answer = await answers.next(), !answer.sessionIDs.contains(session.bytes) {}
            task.cancel()
        }
    }
}
