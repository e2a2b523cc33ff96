package import Tenancy

/// A mirror that another service has of records of this one: a line in this service's declaration. What it holds of them the other service says.
package struct MirrorFeed: Sendable {
    package let type: RecordType
    package let receiver: ServiceName

    package init(_ type: RecordType, to receiver: ServiceName) { (self.type, self.receiver) = (type, receiver) }

    /// As in `mirror_account_to_sales`. Its place in the feed is kept by it.
    package var name: String { "mirror_\(type.object)_to_\(receiver.rawValue)" }
}
