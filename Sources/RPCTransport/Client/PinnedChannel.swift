import RPC

/// Makes calls on one connection only, ready or not: what prepares it.
struct PinnedChannel: RPCChannel {
    let pool: ClientPool
    let connection: ClientConnection

    func unary(_ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions) async throws(RPCError) -> [UInt8]
    {
        try await UnaryClientCall(pool: pool, method, request, options, pinned: connection).run()
    }

    func open(_ method: MethodDefinition, _ options: CallOptions) async throws(RPCError) -> any ClientCall {
        let call = StreamClientCall(pool: pool, method, options, pinned: connection)
        call.start()
        return call
    }
}
