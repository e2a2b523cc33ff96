import Reactor

/// What a server has to do with now, over all loops.
package struct ServerStatistics: Sendable, Hashable {
    package var connectionsOpen = 0
    package var traffic = Traffic()

    package init() {}

    init(connectionsOpen: Int, traffic: Traffic) {
        self.connectionsOpen = connectionsOpen
        self.traffic = traffic
    }
}

/// What a client has to do with now, over all loops and instances.
package struct ClientStatistics: Sendable, Hashable {
    /// Connections that take calls.
    package var connections = 0
    package var callsOpen = 0
    /// Calls that wait for a connection.
    package var callsWaiting = 0
    /// Connections made since the start.
    package var connects: UInt64 = 0
    /// Of those, the ones made again in place of one that was lost or left.
    package var reconnects: UInt64 = 0
    /// Attempts that failed.
    package var connectFailures: UInt64 = 0
    /// What became of the attempts beyond the first of each call.
    package var attempts: [ExtraAttempt: UInt64] = [:]
    package var traffic = Traffic()

    mutating func add(_ other: ClientStatistics) {
        connections += other.connections
        callsOpen += other.callsOpen
        callsWaiting += other.callsWaiting
        connects += other.connects
        reconnects += other.reconnects
        connectFailures += other.connectFailures
        attempts.merge(other.attempts, uniquingKeysWith: +)
        traffic.add(other.traffic)
    }
}

extension RPCServer {
    /// Asks every loop.
    package func statistics() async -> ServerStatistics {
        var sum = ServerStatistics()
        for server in loopServers {
            let part = await withCheckedContinuation { continuation in
                server.loop.execute { continuation.resume(returning: server.statistics) }
            }
            sum.connectionsOpen += part.connectionsOpen
            sum.traffic.add(part.traffic)
        }
        return sum
    }
}

extension RPCClient {
    /// Asks every loop.
    package func statistics() async -> ClientStatistics {
        var sum = ClientStatistics()
        for pool in loopPools {
            sum.add(
                await withCheckedContinuation { continuation in
                    pool.loop.execute { continuation.resume(returning: pool.statistics) }
                })
        }
        return sum
    }
}
