import Logging
import Observability
package import RPC
import Reactor
import Synchronization
import TLSTransport

/// What is done on each new connection before calls go there, such as attaching a session. When it throws, the connection is not used.
package typealias ConnectionPreparation = @Sendable (_ connection: any RPCChannel) async throws -> Void

/// Making, preparing and losing connections.
extension ClientPool {
    /// Begins to connect where nobody has yet.
    func connectIdle() {
        isWanted = true
        for instance in instances {
            if case .idle = instance.link { connect(instance) }
        }
    }

    /// What the server's name stands for now. New instances are connected to; those that have vanished finish what they have.
    func setEndpoints(_ endpoints: [Endpoint]) {
        guard !isClosed else { return }
        isResolving = false
        let vanished = instances.filter { !endpoints.contains($0.endpoint) }
        instances.removeAll { !endpoints.contains($0.endpoint) }
        let known = Set(instances.map(\.endpoint))
        for endpoint in endpoints where !known.contains(endpoint) { addInstance(endpoint) }
        if isWanted { connectIdle() }
        for instance in vanished { leave(instance) }
        failWaiting()
    }

    /// Nothing is known of the server, and nothing will be soon.
    func resolutionFailed(_ error: any Error) {
        isResolving = false
        if instances.isEmpty { lastFailure = error }
        failWaiting()
    }

    private func leave(_ instance: Instance) {
        let connection = instance.connection
        if instance.isReady { readyCount.add(-1) }
        instance.link = .gone
        instance.attempt?.cancel()
        outliers.remove(instance.number)
        guard let connection else { return }
        leaving.append(connection)
        connection.leave()
    }

    private func connect(_ instance: Instance) {
        guard !isClosed else { return }
        if case .gone = instance.link { return }
        instance.link = .connecting
        liveCountChanged(by: 1)
        let config = config
        instance.attempt = loop.spawn {
            do {
                let tls = try await TLSConnection.connect(
                    loop: self.loop, address: instance.endpoint.address, context: config.tls,
                    serverName: instance.endpoint.serverName, timeout: config.limits.link.helloTimeout)
                self.connected(instance, tls)
            } catch {
                self.liveCountChanged(by: -1)
                self.connectFailures += 1
                self.failed(instance, error)
            }
        }
    }

    private func connected(_ instance: Instance, _ tls: TLSConnection) {
        guard !isClosed, case .connecting = instance.link else {
            liveCountChanged(by: -1)
            return tls.abort()
        }
        let connection = ClientConnection(pool: self, instance: instance)
        instance.link = .warming(connection)
        instance.connects += 1
        connection.start(tls, config.limits, agent: config.agent, traffic: traffic, backlog: backlog)
        placeBecameFree()
    }

    /// The server has said hello: it is one of ours.
    func helloReceived(_ connection: ClientConnection) {
        guard isCurrent(connection) else { return }
        guard config.preparation != nil else { return becameReady(connection) }
        loop.spawn {
            do {
                try await self.prepare(connection)
                self.becameReady(connection)
            } catch {
                connection.giveUp(error)
            }
        }
    }

    /// Prepares the connection as it is asked for now, and again when that has changed meanwhile.
    private func prepare(_ connection: ClientConnection) async throws {
        guard let preparation = config.preparation else { return }
        var round: Int
        repeat {
            round = preparationRound
            try await preparation(PinnedChannel(pool: self, connection: connection))
        } while round != preparationRound
    }

    /// Calls may go there, and the next failure is a new story.
    private func becameReady(_ connection: ClientConnection) {
        let instance = connection.instance
        guard isCurrent(connection), !instance.isReady, !isClosed else { return }
        instance.backoff.reset()
        instance.link = .ready(connection)
        readyCount.add(1)
        placeBecameFree()
    }

    /// Prepares all connections again. Gives how many are, and what went wrong with the others, which are replaced.
    func prepareAgain() async -> (prepared: Int, failures: [any Error]) {
        preparationRound += 1
        var prepared = 0
        var failures: [any Error] = []
        for instance in instances {
            guard case .ready(let connection) = instance.link else { continue }
            do {
                try await prepare(connection)
                prepared += 1
            } catch {
                failures.append(error)
                connection.leave()
                connectionLeaves(connection)
            }
        }
        return (prepared, failures)
    }

    private func failed(_ instance: Instance, _ error: any Error) {
        if case .gone = instance.link { return }
        lastFailure = error
        guard !isClosed else { return }
        let delay = instance.backoff.failed()
        instance.link = .backoff
        if instance.backoff.failureCount == 1 {
            config.logger.warning(
                "cannot connect; trying on",
                metadata: [
                    LogKey.address: "\(instance.endpoint.address)", LogKey.peer: "\(config.name)",
                    LogKey.error: "\(LogText.of(error))",
                ])
        }
        loop.schedule(after: delay) { [weak self] in self?.connect(instance) }
        lookAgain?()
        failWaiting()
    }

    /// The connection takes no more calls and lives on for those it has: make another.
    func connectionLeaves(_ connection: ClientConnection) {
        guard isCurrent(connection) else { return }
        if connection.instance.isReady { readyCount.add(-1) }
        leaving.append(connection)
        connect(connection.instance)
    }

    func connectionClosed(_ connection: ClientConnection, _ error: (any Error)?) {
        leaving.removeAll { $0 === connection }
        guard isCurrent(connection) else { return }
        if connection.instance.isReady { readyCount.add(-1) }
        failed(
            connection.instance,
            error ?? RPCError.unavailable("CONNECTION_CLOSED", "The server closed the connection."))
    }

    private func isCurrent(_ connection: ClientConnection) -> Bool { connection.instance.connection === connection }

    func closeConnections() {
        for instance in instances {
            instance.attempt?.cancel()
            let connection = instance.connection
            if instance.isReady { readyCount.add(-1) }
            instance.link = .gone
            connection?.link?.close()
        }
        for connection in leaving { connection.link?.close() }
        leaving.removeAll()
    }

    // MARK: Outliers

    /// A call on an instance failed for a reason that may lie with the instance.
    func callFailed(on instance: Instance) {
        if case .gone = instance.link { return }
        guard let time = outliers.failed(instance.number, at: loop.now) else { return }
        config.logger.warning(
            "calls fail; no more for \(time)",
            metadata: [LogKey.address: "\(instance.endpoint.address)", LogKey.peer: "\(config.name)"])
    }

    func callSucceeded(on instance: Instance) {
        if case .gone = instance.link { return }
        outliers.succeeded(instance.number)
    }
}

/// How many connections of a client are ready, over all loops.
final class SharedCount: Sendable {
    private let count = Atomic<Int>(0)

    func add(_ delta: Int) { count.wrappingAdd(delta, ordering: .relaxed) }

    var value: Int { count.load(ordering: .relaxed) }
}
