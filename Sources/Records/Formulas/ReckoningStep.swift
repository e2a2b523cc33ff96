import RPC
import Synchronization
import Tenancy

/// What a step of reckoning did.
package enum ReckoningStep: Hashable, Sendable {
    /// Nothing was to be done.
    case idle
    /// More may be there.
    case advanced
    /// Another program is at it.
    case held
}

/// A part of a step.
struct ReckoningPart: Sendable {
    /// What it is about, for a kind of records.
    enum Subject: Hashable, Sendable {
        /// Those of which roll-ups are marked.
        case marked(String)
        /// The next ones that are looked through.
        case passed(String)
        /// Another service is told which records of its own those here name.
        case told(String)
        /// Another service is asked what its own say.
        case asked(String, ServiceName)
    }

    let subject: Subject
    /// Does it, with so many records at most.
    let work: @Sendable (Int) async throws -> ReckoningStep

    init(_ subject: Subject, _ work: @escaping @Sendable (Int) async throws -> ReckoningStep) {
        (self.subject, self.work) = (subject, work)
    }
}

/// Parts of a step that do not keep each other from being done. One that was refused waits, twice as long each time, and none of the others with it; a
/// step ends after a second, and the next one goes on with the part after that.
final class ReckoningParts: Sendable {
    private struct Key: Hashable {
        let tenant: TenantID
        let subject: ReckoningPart.Subject
    }

    private struct Kept {
        /// Records that are reckoned together; nil for as many as usual.
        var size: Int?
        var refusals = 0
        var notBefore: ContinuousClock.Instant?
    }

    private let kept = Mutex<[Key: Kept]>([:])
    /// The part that the last step of a workspace ended with.
    private let places = Mutex<[TenantID: ReckoningPart.Subject]>([:])
    private let now: @Sendable () -> ContinuousClock.Instant

    /// Records that are reckoned together.
    static let sizeMax = 200
    /// How long a step goes on to the next part.
    static let stepTime = Duration.seconds(1)
    private static let (firstWait, longestWait) = (Duration.seconds(1), Duration.seconds(60))

    init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) { self.now = now }

    /// Does the parts that do not wait.
    ///
    /// - Parameters:
    ///   - parts: each subject once.
    ///   - timeout: how long one may take. One that took longer is done with half as many records from then on, since it would take as long each time,
    ///     and with more again after each that took less than a third of it.
    /// - Throws: the first refusal, where no part got on.
    func step(
        _ tenant: TenantID, _ parts: [ReckoningPart], timeout: Duration
    ) async throws -> ReckoningStep {
        let begun = now()
        let last = places.withLock { $0.removeValue(forKey: tenant) }
        let start = parts.firstIndex { $0.subject == last }.map { $0 + 1 } ?? 0
        var (done, refusal): (Set<ReckoningStep>, (any Error)?) = ([], nil)
        for part in parts[start...] + parts[..<start] {
            do {
                done.insert(try await attempt(part, tenant, timeout))
            } catch {
                refusal = refusal ?? error
            }
            if begun.duration(to: now()) >= Self.stepTime, parts.count > 1 {
                places.withLock { $0[tenant] = part.subject }
                return .advanced
            }
        }
        if done.contains(.advanced) { return .advanced }
        if let refusal { throw refusal }
        return done.contains(.held) ? .held : .idle
    }

    private func attempt(
        _ part: ReckoningPart, _ tenant: TenantID, _ timeout: Duration
    ) async throws -> ReckoningStep {
        let (key, begun) = (Key(tenant: tenant, subject: part.subject), now())
        let before = kept.withLock { $0[key] } ?? Kept()
        if let notBefore = before.notBefore, begun < notBefore { return .held }
        let size = before.size ?? Self.sizeMax
        var next = Kept(size: before.size)
        defer { kept.withLock { $0[key] = next.size == nil && next.notBefore == nil ? nil : next } }
        do {
            let step = try await part.work(size)
            if step == .advanced, begun.duration(to: now()) < timeout / 3 {
                next.size = size * 2 < Self.sizeMax ? size * 2 : nil
            }
            return step
        } catch {
            if Self.isTooLong(error) { next.size = max(1, size / 2) }
            next.refusals = before.refusals + 1
            next.notBefore = now().advanced(
                by: min(Self.firstWait * (1 << min(before.refusals, 6)), Self.longestWait))
            throw error
        }
    }

    /// The workspace is closed or gone.
    func leave(_ tenant: TenantID) {
        kept.withLock { kept in kept = kept.filter { $0.key.tenant != tenant } }
        places.withLock { $0[tenant] = nil }
    }

    private static func isTooLong(_ error: any Error) -> Bool {
        guard let error = error as? RPCError else { return false }
        return error.code == .deadlineExceeded || error.reason == RecordReason.readTimeout.rawValue
            || error.reason == RecordReason.answerTooLong.rawValue
    }
}
