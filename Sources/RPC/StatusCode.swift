/// How a call ended: one of the canonical codes of gRPC, with its number. A struct, so that a code of a newer peer
/// travels through unharmed.
public struct StatusCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The number on the wire, 0 to 16 for the codes known today.
    public let rawValue: Int32

    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// The call succeeded.
    public static let ok = StatusCode(rawValue: 0)
    /// The caller cancelled.
    public static let cancelled = StatusCode(rawValue: 1)
    /// The cause is not known to the sender.
    public static let unknown = StatusCode(rawValue: 2)
    /// The request is wrong whatever the state of the system.
    public static let invalidArgument = StatusCode(rawValue: 3)
    /// The time ran out; the effect of a write is not known unless it carried a request id.
    public static let deadlineExceeded = StatusCode(rawValue: 4)
    /// No such thing, or none that the caller may know of.
    public static let notFound = StatusCode(rawValue: 5)
    /// The thing to be created exists.
    public static let alreadyExists = StatusCode(rawValue: 6)
    /// The caller may not do this.
    public static let permissionDenied = StatusCode(rawValue: 7)
    /// A limit is reached.
    public static let resourceExhausted = StatusCode(rawValue: 8)
    /// The state of the system forbids it; retry only after the state changed.
    public static let failedPrecondition = StatusCode(rawValue: 9)
    /// A concurrent change won; read again, then retry.
    public static let aborted = StatusCode(rawValue: 10)
    /// Past the valid range.
    public static let outOfRange = StatusCode(rawValue: 11)
    /// There is no such method.
    public static let unimplemented = StatusCode(rawValue: 12)
    /// A fault of the server.
    public static let `internal` = StatusCode(rawValue: 13)
    /// Not possible right now; retry with backoff.
    public static let unavailable = StatusCode(rawValue: 14)
    /// Data is lost or corrupt.
    public static let dataLoss = StatusCode(rawValue: 15)
    /// Who calls is not known.
    public static let unauthenticated = StatusCode(rawValue: 16)

    private static let names = [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
        "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
        "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ]

    /// The canonical name, as in NOT_FOUND; CODE_n for a number not known here.
    public var name: String {
        Self.names.indices.contains(Int(rawValue)) ? Self.names[Int(rawValue)] : "CODE_\(rawValue)"
    }

    public var description: String { name }
}
