import RPC

/// Makes calls in the name of a session, which is attached to each connection before calls go there.
struct SessionChannel: RPCChannel {
    let base: any RPCChannel
    let session: SessionSlot

    func unary(
        _ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions
    ) async throws(RPCError) -> [UInt8] {
        do {
            return try await base.unary(method, request, options)
        } catch {
            throw session.explained(error)
        }
    }

    func open(_ method: MethodDefinition, _ options: CallOptions) async throws(RPCError) -> any ClientCall {
        try await base.open(method, options)
    }
}
