/// One step of a trace, as OpenTelemetry means it: who did what for how long, and within which other step.
package struct Span: Sendable {
    /// Numbers of OTLP's SpanKind.
    package enum Kind: Int, Sendable {
        /// Serves a call.
        case server = 2
        /// Calls another program or the database.
        case client = 3
    }

    /// A name of `SpanAttribute` and its value. Never data or secrets of a tenant: spans leave the installation more easily
    /// than logs.
    package struct Attribute: Sendable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Trace id, 16 bytes.
    package var traceHigh: UInt64
    package var traceLow: UInt64
    package var spanID: UInt64
    /// The span that this one is within; 0 for the first of a trace.
    package var parentID: UInt64
    package var kind: Kind
    /// What was done, from a small set: a method, transaction.
    package var name: String
    /// Begin and end in nanoseconds of the monotonic clock.
    package var begin: UInt64
    package var end: UInt64
    package var isError: Bool
    package var attributes: [Attribute]

    package init(
        traceHigh: UInt64, traceLow: UInt64, spanID: UInt64, parentID: UInt64, kind: Kind, name: String, begin: UInt64,
        end: UInt64, isError: Bool = false, attributes: [Attribute]
    ) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.spanID = spanID
        self.parentID = parentID
        self.kind = kind
        self.name = name
        self.begin = begin
        self.end = end
        self.isError = isError
        self.attributes = attributes
    }
}

/// The names of span attributes, all of them: those of OpenTelemetry's semantic conventions.
package enum SpanAttribute {
    /// Of the process: steward-gateway.
    package static let serviceName = "service.name"
    /// Of the process: its version.
    package static let serviceVersion = "service.version"
    /// The protocol: steward.
    package static let rpcSystem = "rpc.system"
    /// Package and service.
    package static let rpcService = "rpc.service"
    /// The method's name within the service.
    package static let rpcMethod = "rpc.method"
    /// Canonical status code by name.
    package static let statusCode = "rpc.response.status_code"
    /// Reason of the error; of the database its SQLSTATE, if it gave one.
    package static let errorType = "error.type"
    /// The program that was called.
    package static let peerService = "peer.service"
    /// postgresql.
    package static let databaseSystem = "db.system.name"
    /// The database's name in the settings, never its address.
    package static let databaseName = "db.namespace"

    /// Value of `rpcSystem`.
    package static let rpcSystemValue = "steward"
    /// Value of `databaseSystem`.
    package static let databaseSystemValue = "postgresql"
}
