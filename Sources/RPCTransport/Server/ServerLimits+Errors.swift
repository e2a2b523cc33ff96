import RPC

/// What a caller is told that goes past a limit.
extension ServerLimits {
    var tooManyCalls: RPCError {
        .resourceExhausted(
            "TOO_MANY_CALLS",
            "More than \(callsMax) calls at once on this connection; wait for some to end.",
            details: [(key: "calls_max", value: "\(callsMax)")])
    }

    var tooMuchUnfinished: RPCError {
        .resourceExhausted(
            "TOO_MUCH_UNFINISHED",
            "Messages begun on this connection and not finished take more than \(unfinishedBytesMax) bytes; finish some first.",
            details: [(key: "unfinished_bytes_max", value: "\(unfinishedBytesMax)")])
    }

    var requestTooSlow: RPCError {
        RPCError(
            .deadlineExceeded, reason: "REQUEST_TOO_SLOW",
            "The request did not come whole within \(requestTimeout).")
    }

    static let answerNotTaken = RPCError.resourceExhausted(
        "ANSWER_NOT_TAKEN", "Too much waits for credit on this connection; read faster or ask for less at a time.")
}
