import RPC

/// The encoded Start of a call that a client makes, without its timeout, which is set when the call goes out.
enum StartBytes {
    static func make(_ method: MethodDefinition, _ options: CallOptions) -> [UInt8] {
        let metadata = options.metadata.isEmpty ? nil : options.metadata.encoded(as: Metadata.startField)
        return with(
            options.minEpoch, method.path, options.requestID, options.trace?.traceParent, options.traceState, metadata,
            options.callerToken?.encoded)
    }

    private static func with(
        _ minEpoch: UInt64, _ path: String, _ requestID: String?, _ traceParent: String?, _ traceState: String?,
        _ metadata: [UInt8]?,
        _ caller: [UInt8]?
    ) -> [UInt8] {
        var encoded: [UInt8] = []
        withOptionalBytes(
            Array(path.utf8), requestID.map { Array($0.utf8) }, traceParent.map { Array($0.utf8) }, metadata
        ) {
            path, requestID, traceParent, metadata in
            withOptionalBytes(caller, traceState.map { Array($0.utf8) }, nil, nil) { caller, traceState, _, _ in
                var view = StartView()
                if let path { view.method = path }
                view.requestID = requestID
                view.traceParent = traceParent
                view.traceState = traceState
                view.metadata = metadata
                view.caller = caller
                view.minEpoch = minEpoch
                encoded = view.encoded()
            }
        }
        return encoded
    }
}
