import RPC

/// Makes calls in the name of a session, which is attached to each connection before calls go there. A call that follows a change of
/// the workspace's rights by this client sees the change.
struct SessionChannel: RPCChannel {
    let base: any RPCChannel
    let session: SessionSlot

    func unary(
        _ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions
    ) async throws(RPCError) -> [UInt8] {
        try session.requireOpen()
        do {
            return try await base.unary(method, request, heeding(options))
        } catch {
            throw session.explained(error)
        }
    }

    func open(_ method: MethodDefinition, _ options: CallOptions) async throws(RPCError) -> any ClientCall {
        try session.requireOpen()
        return try await base.open(method, heeding(options))
    }

    private func heeding(_ options: CallOptions) -> CallOptions {
        var options = options
        options.minEpoch = max(options.minEpoch, session.policyEpoch)
        options.onAnswer = { [session, handle = session.handle, onAnswer = options.onAnswer] info in
            if let epoch = info.policyEpoch { session.noteChange(epoch, in: handle) }
            onAnswer?(info)
        }
        return options
    }
}
