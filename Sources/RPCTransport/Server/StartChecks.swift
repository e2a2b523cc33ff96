import RPC
import Reactor

/// What a Start must keep to before anything is made of it.
enum StartChecks {
    static func check(_ start: StartView, _ config: ServerConfiguration) throws {
        guard start.method.count <= config.limits.methodBytesMax else {
            throw RPCError.invalidArgument(
                "METHOD_TOO_LONG", "The name of the method is longer than \(config.limits.methodBytesMax) bytes.")
        }
        if let id = start.requestID {
            guard (1...config.limits.requestIDBytesMax).contains(id.count),
                id.allSatisfy({ (0x21...0x7e).contains($0) })
            else {
                throw RPCError.invalidArgument(
                    "REQUEST_ID_INVALID",
                    "request_id must be 1 to \(config.limits.requestIDBytesMax) printable ASCII characters without spaces."
                )
            }
        }
        guard (start.metadata?.count ?? 0) <= config.limits.metadataBytesMax else {
            throw RPCError.resourceExhausted(
                "METADATA_TOO_LONG",
                "The metadata is longer than \(config.limits.metadataBytesMax) bytes; send less.")
        }
        guard (start.traceState?.count ?? 0) <= config.limits.traceStateBytesMax else {
            throw RPCError.invalidArgument(
                "TRACE_STATE_TOO_LONG", "trace_state is longer than \(config.limits.traceStateBytesMax) bytes.")
        }
        if let caller = start.caller { try check(callerToken: caller, config) }
    }

    private static func check(callerToken: UnsafeRawBufferPointer, _ config: ServerConfiguration) throws {
        guard config.trustsCallers else {
            throw RPCError.permissionDenied(
                "CALLER_REFUSED",
                "A client does not say who calls; attach a session to the connection instead.")
        }
        guard callerToken.count <= config.limits.callerTokenBytesMax else {
            throw RPCError.unauthenticated(
                "CALLER_INVALID", "The caller token is longer than any that identity makes.")
        }
    }

    /// The trace that the call belongs to, recorded if the caller says so and has a say. A traceparent that is malformed or too
    /// long is no traceparent.
    static func trace(_ start: StartView, _ config: ServerConfiguration) -> TraceContext? {
        guard let bytes = start.traceParent, bytes.count <= config.limits.traceParentBytesMax,
            let trace = TraceContext(parsing: bytes)
        else { return nil }
        return config.tracing.callerSampling?.bound(trace, at: MonotonicTime.now()) ?? trace
    }

    /// Metadata with well-formed keys.
    static func metadata(_ start: StartView, _ config: ServerConfiguration) throws -> Metadata {
        guard let bytes = start.metadata else { return Metadata() }
        let metadata = try Metadata(parsing: bytes)
        guard metadata.entries.count <= config.limits.metadataCountMax else {
            throw RPCError.resourceExhausted(
                "METADATA_TOO_MANY",
                "There are more than \(config.limits.metadataCountMax) metadata entries; send fewer.")
        }
        // A program may say what clients may not.
        if let key = metadata.firstBadKey(acceptsReserved: config.trustsCallers) {
            throw RPCError.invalidArgument(
                "METADATA_KEY_INVALID",
                "A metadata key must be 1 to 64 of a-z, 0-9, - and _, and must not begin with steward-: \(key.prefix(64))"
            )
        }
        return metadata
    }

    /// Until when the caller waits.
    /// - Parameter route: nil: a call whose kind is not known here (the gateway forwards it) gets no default.
    static func deadline(
        _ start: StartView, _ config: ServerConfiguration, _ route: Router.Route?, now: UInt64
    ) -> Deadline {
        let isUnary = route?.isUnary == true
        guard start.timeoutMillis > 0 else {
            return isUnary ? .after(nanoseconds: config.unaryTimeoutNanoseconds, from: now) : .never
        }
        let (wanted, overflow) = start.timeoutMillis.multipliedReportingOverflow(by: 1_000_000)
        let most =
            isUnary && route?.isOfProtocol == true
            ? min(config.unaryTimeoutNanoseconds, config.timeoutNanosecondsMax) : config.timeoutNanosecondsMax
        return .after(nanoseconds: min(overflow ? .max : wanted, most), from: now)
    }

    /// The method's name begins with the verb Watch: its stream has no end of its own.
    static func isEndless(_ path: UnsafeRawBufferPointer) -> Bool {
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return false }
        return path[(slash + 1)...].starts(with: "Watch".utf8)
    }
}
