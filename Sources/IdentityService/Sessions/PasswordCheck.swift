import RPC
import Reactor
import Tenancy

/// Somebody with a password: a user who may sign in, or an operator.
struct PasswordHolder: Sendable {
    let owner: SessionOwner
    /// In lower case.
    let email: String
    var displayName = ""
    let passwordHash: String
    let knownNetworks: [String]
    /// The password opens one session, in which a new one is to be chosen.
    var isOneTime = false

    /// Networks kept of each; a new one takes the place of the one unused for longest.
    static let knownNetworksMax = 8

    /// Somebody with this id has signed in from the network before, not too many networks ago.
    func knows(_ network: ClientNetwork) -> Bool {
        knownNetworks.contains(network.digest(for: owner.userID))
    }
}

/// Checks passwords. Whatever it refuses looks the same and takes the same, whether there is such an account or not: the
/// same look at the locks, one evaluation (none when the locks refuse), the same notes, and time in whole steps.
struct PasswordCheck: Sendable {
    let signInGuard: SignInGuard
    let hasher: PasswordHasher
    let underWay = AttemptsUnderWay()

    /// Gives whom `find` found, if the password is theirs and no lock forbids the attempt.
    ///
    /// - Parameters:
    ///   - wrong: what to throw when there is nobody or the password is wrong.
    ///   - find: gives whose password it should be; nil when there is nobody who may use it.
    /// - Throws: `wrong`; SIGN_IN_LOCKED; PASSWORD_CHECK_OVERLOADED.
    func run(
        _ password: Password, _ attempt: SignInAttempt, _ context: CallContext,
        wrong: RPCError = IdentityError.signInFailed, of find: () async throws -> PasswordHolder?
    ) async throws -> PasswordHolder {
        do {
            return try await check(password, attempt, context.deadline, wrong, find)
        } catch let refusal as RPCError {
            try await PasswordCheck.finishStep(since: context.startNanoseconds)
            throw refusal
        }
    }

    private func check(
        _ password: Password, _ attempt: SignInAttempt, _ deadline: Deadline, _ wrong: RPCError,
        _ find: () async throws -> PasswordHolder?
    ) async throws -> PasswordHolder {
        let keys = attempt.counters.all.map(\.key)
        let counts = underWay.begin(keys)
        defer { underWay.end(keys) }
        let refusals = try await signInGuard.refusals(
            attempt.counters.all, underWay: counts, deadline: deadline)
        let (ofAccount, ofStrangers, ofNetwork) = (refusals[0], refusals[1], refusals[2])
        if let refusal = ofAccount ?? ofNetwork { throw refusal }
        let holder = try await find()
        let isKnown = holder?.knows(attempt.network) ?? false
        if !isKnown, let ofStrangers { throw ofStrangers }
        let counters = isKnown ? attempt.counters.known : attempt.counters.all
        let lane = PasswordTurns.Lane(network: attempt.network, isKnown: isKnown)
        let matches = try await hasher.verify(password, against: holder?.passwordHash, in: lane) {
            // It may have waited long.
            try await signInGuard.refuseLocked(counters, deadline: deadline)
        }
        let lock = try await noteOutcome(of: attempt, counters, matches: matches && holder != nil)
        guard matches, lock == nil, let holder else { throw lock ?? wrong }
        return holder
    }

    /// Counts what was evaluated, and gives the lock that forbids the attempt all the same. In its own time and in a task of its own: an
    /// attempt whose caller gave up counts like any other, or short timeouts would make guesses that nobody counts.
    private func noteOutcome(of attempt: SignInAttempt, _ counters: [SignInCounter], matches: Bool) async throws
        -> RPCError?
    {
        guard let loop = EventLoop.current else { preconditionFailure("passwords are checked for calls, on a loop") }
        return try await Task(executorPreference: loop) {
            let deadline = Deadline.after(PasswordCheck.noteTimeMax)
            let lock = try await signInGuard.refusals(counters, deadline: deadline).compactMap(\.self).first
            if matches, lock == nil {
                try await signInGuard.forget(attempt.counters.account, deadline: deadline)
            } else {
                try await signInGuard.record(counters, deadline: deadline)
            }
            return lock
        }.value
    }

    /// How long the directory may take to note an attempt.
    private static let noteTimeMax = Duration.seconds(5)

    /// Waits until a whole number of steps has gone by, so that time does not tell what was wrong.
    private static func finishStep(since start: UInt64) async throws {
        guard let loop = EventLoop.current else { return }
        let step = refusalStep.nanosecondsClamped
        let elapsed = MonotonicTime.now() - start
        try await loop.sleep(for: .nanoseconds(Int64(step - elapsed % step)))
    }

    /// Well above the time of a check, which is some 30 ms.
    private static let refusalStep = Duration.milliseconds(150)
}
