import RPC
import SalesContracts
import Text

/// Why a deal ended as it did: the one rule, which every way of writing a deal asks.
///
/// A lost deal has a reason, given for this loss; a won one may have one, given with the win; an open one has none.
enum DealOutcome {
    /// What a deal was before: what its stage stood for, and the reason it bore.
    typealias Before = (category: StageCategory, reason: String?)

    /// The reason of a deal that is, from now on, in a stage of this category.
    ///
    /// - Parameters:
    ///   - given: what the caller says; nil says nothing, so that a reason given for the same outcome stays; an empty
    ///     or blank one says that there is none.
    ///   - before: nil for a new deal.
    /// - Throws: INVALID_ARGUMENT with REQUIRED for a loss without a reason, with NOT_APPLICABLE for an open deal with one.
    static func reason(
        _ given: String?, in category: StageCategory, since before: Before?
    ) throws -> String? {
        let kept = before?.category == category ? before?.reason : nil
        let reason = given.map(TextForm.normalized).map { $0.isEmpty ? nil : $0 } ?? kept
        switch category {
        case .open where reason != nil && given != nil:
            throw RPCError.invalidArgument(
                "NOT_APPLICABLE",
                "The deal is open, so it has no reason yet; give it when the deal moves to a won or lost stage.",
                field: "outcome_reason", domain: "sales")
        case .open: return nil
        case .lost where reason == nil:
            throw RPCError.invalidArgument(
                "REQUIRED", "Say why the deal was lost.", field: "outcome_reason", domain: "sales")
        default: return reason
        }
    }
}
