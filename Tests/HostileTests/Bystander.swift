import RPC
import TestSteward

/// A well-behaved client that calls all the while, on one connection and on new ones; none of it may fail.
struct Bystander {
    private static let health = "steward.rpc.v1.HealthService/CheckHealth"
    /// Calls on a connection before the next one is opened.
    private static let callsOnEach: UInt64 = 20

    /// Calls until the work is done. Returns its value, and how many calls were answered meanwhile.
    /// - Parameter reconnects: it opens a new connection now and then; where it may not, as others at its address have, it keeps one.
    static func during<Value: Sendable>(
        _ gateway: LoneGateway, reconnects: Bool, _ work: () async throws -> Value
    ) async throws -> (Value, calls: Int) {
        let calling = Task { try await callUntilCancelled(gateway, reconnects ? callsOnEach : .max) }
        do {
            let value = try await work()
            calling.cancel()
            return (value, try await calling.value)
        } catch {
            calling.cancel()
            throw error
        }
    }

    private static func callUntilCancelled(_ gateway: LoneGateway, _ callsOnEach: UInt64) async throws -> Int {
        var count = 0
        while !Task.isCancelled {
            let client = try await gateway.connect()
            client.send(RawClient.hello)
            for id in 1...callsOnEach {
                if Task.isCancelled { break }
                client.send(RawClient.call(id, health))
                guard let status = await client.status(of: id), status.code == .ok else {
                    throw TestStewardError("a bystander's call was not answered")
                }
                count += 1
            }
            await client.close()
        }
        return count
    }
}
