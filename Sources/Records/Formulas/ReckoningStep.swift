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

/// Parts of a step that do not keep each other from being done.
struct ReckoningParts {
    private var done: Set<ReckoningStep> = []
    private var refusal: (any Error)?

    /// - Returns: what it did; nil where it was refused.
    @discardableResult
    mutating func attempt(_ body: () async throws -> ReckoningStep) async -> ReckoningStep? {
        do {
            let step = try await body()
            done.insert(step)
            return step
        } catch {
            refusal = refusal ?? error
            return nil
        }
    }

    /// - Throws: the first refusal of a part.
    func outcome() throws -> ReckoningStep {
        if let refusal { throw refusal }
        return done.contains(.advanced) ? .advanced : done.contains(.held) ? .held : .idle
    }
}

/// How many records of a kind are reckoned together: fewer after a step that took too long, since it would take as long each time, and more again after
/// each that did not.
final class ReckoningPages: Sendable {
    private struct Kind: Hashable {
        let tenant: TenantID
        let object: String
    }

    /// Of kinds that take fewer than usual.
    private let fewer = Mutex<[Kind: Int]>([:])

    /// Works on so many, and remembers whether that was too much.
    func fitting(
        _ tenant: TenantID, _ object: String, _ body: (Int) async throws -> ReckoningStep
    ) async throws -> ReckoningStep {
        let kind = Kind(tenant: tenant, object: object)
        let size = fewer.withLock { $0[kind] } ?? ReckoningKeeper.batchSize
        do {
            let step = try await body(size)
            if step == .advanced {
                fewer.withLock { $0[kind] = size * 2 < ReckoningKeeper.batchSize ? size * 2 : nil }
            }
            return step
        } catch {
            if Self.isTooLong(error) { fewer.withLock { $0[kind] = max(1, size / 2) } }
            throw error
        }
    }

    private static func isTooLong(_ error: any Error) -> Bool {
        guard let error = error as? RPCError else { return false }
        return error.code == .deadlineExceeded || error.reason == RecordReason.readTimeout.rawValue
            || error.reason == RecordReason.answerTooLong.rawValue
    }
}
