/// Hears of a connection, on its loop. The connection holds its delegate until `didClose`, its last call.
///
/// A call may come from inside `close`-like calls of the delegate itself: `abort()` calls `didClose` before
/// it returns.
package protocol TLSConnectionDelegate: AnyObject {
    /// New bytes are in `connection.input`. Consume what can be used; the rest stays for the next time.
    func didReceive(_ connection: TLSConnection)

    /// Buffered output fell from above the high mark to below the low mark (`TLSLimits`).
    func didBecomeWritable(_ connection: TLSConnection)

    /// The peer sends nothing more but still reads. Unless implemented, the connection closes after its
    /// output.
    func didReceiveEnd(_ connection: TLSConnection)

    /// The connection is closed, its descriptor too. `error` is nil when both sides closed it properly.
    func didClose(_ connection: TLSConnection, error: TLSError?)
}

extension TLSConnectionDelegate {
    package func didReceiveEnd(_ connection: TLSConnection) { connection.close() }
}
