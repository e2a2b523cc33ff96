import RPC

/// Refuses a call for whose answer nobody waits any more: it waited in a queue for too long.
struct DeadlineCheck: Interceptor {
    func admit(_ context: CallContext) throws {
        guard !context.deadline.isPast else {
            throw RPCError.deadlineExceeded(
                "The deadline passed before the call was begun; it had no effect.")
        }
    }
}
