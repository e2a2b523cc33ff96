/// A status must fit into one frame, whatever was quoted in it from a request.
extension CallStatus {
    /// Longest message, and value of a detail, written, in bytes. Texts are for a developer to read.
    static let textBytesMax = 1_024
    /// Longest reason, domain, name of a field or key written, in bytes.
    static let nameBytesMax = 256
    /// Most details written.
    static let detailCountMax = 64
    /// Most field violations written; one more then says how many are left out.
    static let violationCountMax = 100
    /// Largest records of a conflict written, together; larger ones are left out, and the caller reads the record again.
    static let conflictBytesMax = 256 << 10
    /// Status and header of this length, together, fit into any frame beside some payload: a peer takes frames of 16 KiB at least.
    package static let bytesAlwaysFitting = 6 << 10

    /// The encoded Status, at most so long: without details, field violations and conflict if it must be. That takes at least
    /// `bytesAlwaysFitting`.
    package func encoded(bytesMax: Int) -> [UInt8] {
        let whole = encoded()
        guard whole.count > bytesMax, let error else { return whole }
        return CallStatus(error: error.summary, budget: budget).encoded()
    }

    /// An encoded Status with less in it, at most so long. One that cannot be read becomes INTERNAL / STATUS_TOO_LONG.
    package static func cut(_ encoded: UnsafeRawBufferPointer, to bytesMax: Int) -> [UInt8] {
        guard let status = try? CallStatus(parsing: encoded) else {
            return CallStatus(
                error: RPCError(.internal, reason: "STATUS_TOO_LONG", "The status is too long for a frame.")
            ).encoded()
        }
        return status.encoded(bytesMax: bytesMax)
    }
}

extension RPCError {
    /// The same without the parts that may be long.
    fileprivate var summary: RPCError {
        var summary = self
        summary.details = [
            (key: "left_out", value: "details, field_violations and conflict: too long for your frame_bytes_max")
        ]
        summary.fieldViolations = []
        summary.conflict = nil
        return summary
    }
}
