import AccessControl
import Credentials
import Postgres
import RPC

/// What a watcher asks for.
struct WatchQuestion {
    let filter: FilterNode?
    let mask: ReadMask
}

/// What a watcher asks for, as far as the rights of a moment let him see it.
struct WatchView {
    let selection: Selection
    let mask: ReadMask
    /// The same for all to whom the same records are shown in the same way, so that they share what is told, and another one when rights or
    /// question change.
    let digest: [UInt8]

    var call: RecordCall { selection.call }

    /// - Throws: PERMISSION_DENIED for a field in the filter that the caller may not fully read, INVALID_ARGUMENT for a wrong filter.
    init(_ question: WatchQuestion, _ call: RecordCall, _ engine: RecordEngine) throws {
        selection = Selection(
            call: call, filter: try engine.resolve(question.filter, call), lifetime: .living, action: .read)
        mask = question.mask
        digest = Self.digest(selection, mask)
    }

    /// Of the condition with its values, and of what is shown of each field.
    private static func digest(_ selection: Selection, _ mask: ReadMask) -> [UInt8] {
        let call = selection.call
        var parameters = Parameters()
        let condition = selection.condition(&parameters)
        let shown = call.type.fields.map { field in
            mask.includes(field) ? UInt8(min(call.rights.level(of: field), .read).rawValue) : UInt8.max
        }
        return TokenDigest.sha256(
            Array(call.type.object.utf8) + [0] + shown + Array(condition.utf8) + [0] + parameters.framedBytes)
    }
}
