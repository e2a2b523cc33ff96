import Synchronization
import Wire

/// Serves steward.rpc.v1.HealthService: whether this program, and each service in it, takes calls. Needs no session.
package final class HealthReporter: Sendable {
    /// Numbers of steward.rpc.v1.HealthState.
    private enum Number {
        static let serving: Int32 = 1
        static let notServing: Int32 = 2
    }

    private struct Watcher {
        let service: String
        let connection: UInt64
        let continuation: AsyncStream<Bool>.Continuation
    }

    private struct State {
        var isServing: [String: Bool] = ["": false]
        var watchers: [UInt64: Watcher] = [:]
        var nextWatcher: UInt64 = 0
    }

    /// Watches open at once. A watch costs some 2 KiB and is open to everybody; whoever finds no place can still check.
    package static let watchersMax = 1_024
    /// Watches of one connection, so that one client cannot take all of them: as many as an installation has services.
    package static let watchersOfConnectionMax = 32

    private let check: MethodDefinition
    private let watch: MethodDefinition
    private let state = Mutex(State())

    /// - Parameters:
    ///   - check: HealthService/CheckHealth.
    ///   - watch: HealthService/WatchHealth.
    package init(check: MethodDefinition, watch: MethodDefinition) {
        self.check = check
        self.watch = watch
    }

    /// Says whether the program (empty name) or a service of it takes calls. Until told, nothing does.
    package func set(isServing: Bool, service: String = "") {
        state.withLock { state in
            guard state.isServing[service] != isServing else { return }
            state.isServing[service] = isServing
            for watcher in state.watchers.values where watcher.service == service {
                watcher.continuation.yield(isServing)
            }
        }
    }

    /// Watches open now.
    package var watcherCount: Int { state.withLock { $0.watchers.count } }

    /// Serves both methods.
    package func register(on router: inout Router) {
        router.unary(check) { [self] request, context in
            answer(try isServing(service(request)), check.response, context.arena)
        }
        router.serverStreaming(watch) { [self] request, writer, context in
            for await isServing in try changes(of: service(request), for: context.connection.id) {
                try await writer.write(answer(isServing, watch.response, writer.arena))
            }
            throw CancellationError()
        }
    }

    private func service(_ request: Message) -> String {
        request.descriptor.field("service").flatMap { request.string($0) } ?? ""
    }

    private func isServing(_ service: String) throws -> Bool {
        guard let known = state.withLock({ $0.isServing[service] }) else { throw Self.unknown(service) }
        return known
    }

    /// The present state and then each change; a slow reader sees the latest only.
    private func changes(of service: String, for connection: UInt64) throws -> AsyncStream<Bool> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Bool.self, bufferingPolicy: .bufferingNewest(1))
        let id = try state.withLock { state throws(RPCError) in
            guard let now = state.isServing[service] else { throw Self.unknown(service) }
            let own = state.watchers.values.count { $0.connection == connection }
            guard state.watchers.count < Self.watchersMax, own < Self.watchersOfConnectionMax else {
                throw Self.tooManyWatches
            }
            let id = state.nextWatcher
            state.nextWatcher += 1
            state.watchers[id] = Watcher(service: service, connection: connection, continuation: continuation)
            continuation.yield(now)
            return id
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.watchers.removeValue(forKey: id) }
        }
        return stream
    }

    private func answer(_ isServing: Bool, _ descriptor: MessageDescriptor, _ arena: Arena) -> Message {
        let message = Message.make(descriptor, in: arena)
        if let field = descriptor.field("state") {
            message.setInt32(field, isServing ? Number.serving : Number.notServing)
        }
        return message
    }

    private static func unknown(_ service: String) -> RPCError {
        .notFound(
            "SERVICE_UNKNOWN",
            "This program has no service \(service); leave the name out to ask for the program.",
            details: [(key: "service", value: service)])
    }

    private static let tooManyWatches = RPCError.resourceExhausted(
        "TOO_MANY_WATCHES",
        "More than \(watchersOfConnectionMax) watches on a connection or \(watchersMax) in all; use CheckHealth.",
        details: [
            (key: "watches_of_connection_max", value: "\(watchersOfConnectionMax)"),
            (key: "watches_max", value: "\(watchersMax)"),
        ])
}
