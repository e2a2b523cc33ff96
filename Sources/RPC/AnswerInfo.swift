/// What a server tells of an answer beside its messages.
public struct AnswerInfo: Sendable, Hashable {
    /// Metadata of the answer.
    public var header: Metadata
    /// What the call cost its workspace, and what is left; nil when the gateway counts nothing.
    public var budget: Budget?

    package init(header: Metadata, budget: Budget?) {
        self.header = header
        self.budget = budget
    }

    /// The version that the workspace's rights have since this call changed them, for `CallOptions.minEpoch`; nil when it did not.
    public var policyEpoch: UInt64? { header.text(Self.policyEpochKey).flatMap { UInt64($0) } }

    /// The key of that header entry; its value is the version in decimal digits.
    package static let policyEpochKey = "policy-epoch"
}

/// Gathers what an answer tells, for a caller that wants to know.
package struct AnswerNotes: Sendable {
    private let tell: (@Sendable (AnswerInfo) -> Void)?
    private var header = Metadata()

    package init(_ options: CallOptions) { tell = options.onAnswer }

    /// Takes what a frame of the answer says.
    package mutating func note(header bytes: UnsafeRawBufferPointer) {
        // A header that cannot be read tells nothing; the messages of the answer count all the same.
        if tell != nil, let header = try? Metadata(parsing: bytes) { self.header = header }
    }

    /// The call has ended with this status.
    package func end(_ status: CallStatus) { tell?(AnswerInfo(header: header, budget: status.budget)) }
}
