import Credentials
import Reactor

/// Hashes and checks passwords on worker threads, since either takes some 25 ms of CPU.
struct PasswordHasher: Sendable {
    private let workers: WorkerPool
    private let cost: PasswordCost
    /// Checked against when there is no such user, so that the answer takes as long.
    private let decoy: PasswordHash

    /// Makes the decoy, so it blocks for the time of one hash: call it at start.
    init(workers: WorkerPool, cost: PasswordCost = .standard) throws {
        self.workers = workers
        self.cost = cost
        decoy = try PasswordHash.make(RandomToken.hexText(), cost: cost)
    }

    /// The encoded hash of a password that fulfils `PasswordRules`.
    func hash(_ password: String) async throws -> String {
        try await run { [cost] in try PasswordHash.make(password, cost: cost).encoded }
    }

    /// Whether `password` is the one that `encoded` was made from. Takes the same time without a hash, and is false.
    func verify(_ password: String, against encoded: String?) async throws -> Bool {
        let hash = try encoded.map { try PasswordHash(encoded: $0) }
        return try await run { [decoy] in
            let matches = (hash ?? decoy).verify(password)
            return matches && hash != nil
        }
    }

    private func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        do {
            return try await workers.run(body)
        } catch is WorkerPoolError {
            throw IdentityError.overloaded
        }
    }
}
