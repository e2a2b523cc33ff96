import Contracts
import RPC
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// Closing a connection, from wherever that is done.
    @Suite struct ClosingJourney {
        /// The task goes on on the loop of the connection that it closed; the loop ends with the connection.
        @Test func aTaskOnItsLoopMayCloseAConnection() async throws {
            weak var loop: AnyObject?
            do {
                let connection = try await TestSteward.shared().connect()
                loop = connection.executor
                try await Task(executorPreference: connection.executor) {
                    _ = try await connection.health.checkHealth(CheckHealthRequest())
                    await connection.close()
                    await connection.close()
                    await Task.yield()
                    await #expect(throws: RPCError.self) {
                        try await connection.health.checkHealth(CheckHealthRequest())
                    }
                }.value
            }
            try await eventually("its thread ends") { loop == nil }
        }

        @Test func aTaskOnAnothersLoopMayCloseAConnection() async throws {
            let steward = try await TestSteward.shared()
            let (one, other) = (try await steward.connect(), try await steward.connect())
            await Task(executorPreference: other.executor) { await one.close() }.value
            _ = try await other.health.checkHealth(CheckHealthRequest())
            await other.close()
        }
    }
}
