import RPC
package import Wire

/// The request of a standard method on records of an object that the workspace has defined: one service has all such objects.
@dynamicMemberLookup
public struct ObjectRequest<Request: Hashable & Sendable>: Hashable, Sendable {
    /// Name of the object, as the workspace defined it: project.
    public var object: String

    /// What is asked of its records, as of those of any kind.
    public var request: Request

    public init(_ object: String, _ request: Request) {
        self.object = object
        self.request = request
    }

    public subscript<Value>(dynamicMember member: WritableKeyPath<Request, Value>) -> Value {
        get { request[keyPath: member] }
        set { request[keyPath: member] = newValue }
    }
}

extension ObjectRequest: WireMessage where Request: WireMessage {
    package static var descriptor: MessageDescriptor { Request.descriptor }

    package init(_ message: Message) {
        self.init(message.read("object") ?? "", Request(message))
    }

    package func write(to message: Message) {
        message.write("object", object)
        request.write(to: message)
    }
}
