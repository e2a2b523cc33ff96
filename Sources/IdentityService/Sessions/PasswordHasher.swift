import Credentials
import RPC
import Reactor

/// Hashes and checks passwords on threads of its own, since either takes some 25 ms of CPU and 19 MiB of memory. The
/// threads run below all others, so that whoever is signed in comes first.
struct PasswordHasher: Sendable {
    /// How far below: at 10 a thread that everybody else wants has a tenth of a CPU, so that signing in goes on, slowly, on a
    /// busy machine.
    static let niceness = 10

    private let workers: WorkerPool
    private let turns: PasswordTurns
    private let cost: PasswordCost
    /// Checked against when there is no such user, so that the answer takes as long.
    private let decoy: PasswordHash
    private let onEvaluation: @Sendable () -> Void

    /// Makes the decoy, so it blocks for the time of one hash: call it at start.
    ///
    /// - Parameters:
    ///   - workers: threads that do nothing else. Their number bounds the memory that hashing takes.
    ///   - onEvaluation: called for each hash that is computed, on one of the threads.
    init(
        workers: WorkerPool, waitingMax: Int? = nil, cost: PasswordCost = .standard,
        onEvaluation: @escaping @Sendable () -> Void
    ) throws {
        self.workers = workers
        turns = PasswordTurns(
            count: workers.threadCount,
            waitingMax: waitingMax ?? PasswordTurns.waitingMax(threadCount: workers.threadCount))
        self.cost = cost
        self.onEvaluation = onEvaluation
        decoy = try PasswordHash.make(RandomToken.hexText(), cost: cost)
    }

    /// The encoded hash of a password that fulfils `PasswordRules`, for somebody who is signed in and calls from the network.
    func hash(_ password: Password, from network: ClientNetwork) async throws -> String {
        try await run(in: PasswordTurns.Lane(network: network, isKnown: true)) { [cost, onEvaluation] in
            onEvaluation()
            return try PasswordHash.make(password.text, cost: cost).encoded
        }
    }

    /// Whether `password` is the one that `encoded` was made from. Takes the same time without a hash, or with a password
    /// that is nobody's, and is false. One that was not sent in normal form C takes twice the time, right or wrong.
    ///
    /// - Parameter begin: called when it is its turn; what it throws ends it, and nothing is evaluated.
    func verify(
        _ password: Password, against encoded: String?, in lane: PasswordTurns.Lane,
        begin: () async throws -> Void
    ) async throws -> Bool {
        let forms = password.isImpossible ? ["-"] : password.forms
        let hash = try encoded.flatMap { try password.isImpossible ? nil : PasswordHash(encoded: $0) }
        return try await run(in: lane, begin: begin) { [decoy, onEvaluation] in
            let matches = try forms.contains { form in
                onEvaluation()
                return try (hash ?? decoy).verify(form)
            }
            return matches && hash != nil
        }
    }

    private func run<Value: Sendable>(
        in lane: PasswordTurns.Lane, begin: () async throws -> Void = {},
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await turns.begin(in: lane)
        defer { turns.end() }
        try await begin()
        do {
            return try await workers.run(body)
        } catch is WorkerPoolError {
            throw IdentityError.overloaded
        }
    }
}
