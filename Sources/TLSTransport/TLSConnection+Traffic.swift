import COpenSSL
import Glibc
import Reactor
import Wire

extension TLSConnection {
    /// Room made for a read: most reads are small, and a buffer that fills up doubles.
    private static let readRoomBytes = 4096
    /// Bytes read from a connection without waiting for its turn: a record of full size, more than a hundred calls.
    private static let shortReadBytes = 16 * 1024
    /// Bytes written to a connection without waiting for its turn.
    private static let shortWriteBytes = 64 * 1024

    /// A connection whose input took longer than that to read and to handle waits for its turn with the next.
    private static let costlyNanoseconds: UInt64 = 100_000

    /// Writes `output` at the end of this turn. Call it after appending; calling it often costs nothing.
    package func scheduleFlush() {
        loop.assertCurrent()
        if output.readableCount >= limits.outputBytesHigh { isAboveHighMark = true }
        guard !isFlushScheduled, phase == .open || phase == .closing, let flushHook else { return }
        isFlushScheduled = true
        loop.atEndOfTurn(flushHook)
    }

    func handleTraffic(_ readiness: Readiness) {
        // Not as a set of two: a literal of several options is an array on the heap first.
        let isBroken = readiness.contains(.error) || readiness.contains(.hangUp)
        if writeBlock == .untilReadable || readiness.contains(.write) { flush() }
        guard phase == .open else {
            if isBroken, phase == .closing { finish(lost("reset")) }
            return
        }
        if delegate == nil || isReadingPaused || inputHasEnded {
            // Nobody reads, and the kernel would say it again in every turn.
            if isBroken { finish(lost("reset")) }
        } else if isAwaitingTurn {
            isInputMuted = true
            updateInterest()
        } else if isCostly {
            awaitReadingTurn()
        } else {
            readAvailable()
        }
    }

    /// Reads in the next turn even when the kernel has nothing new: OpenSSL may hold bytes that epoll cannot
    /// see.
    func scheduleReading() {
        guard !isReadingScheduled else { return }
        isReadingScheduled = true
        loop.execute { [self] in
            isReadingScheduled = false
            if phase == .open, delegate != nil, !isReadingPaused, !isAwaitingTurn { readAvailable(reportsRest: true) }
        }
    }

    /// For the delegate, in `didReceive`: complete input is left, and the rest of it should wait for this connection's turn, so
    /// that others are served too. Nothing more is read until then.
    package func continueInNextTurn() {
        loop.assertCurrent()
        isDelegateBehind = true
        awaitReadingTurn()
    }

    private func awaitReadingTurn() {
        guard !isAwaitingTurn else { return }
        isAwaitingTurn = true
        if !isAwaitingTurnToWrite { group.turns.append(self) }
    }

    /// - Parameter reportsRest: whether the delegate hears of bytes that were in `input` before.
    func readAvailable(bytesMax: Int = TLSConnection.shortReadBytes, reportsRest: Bool = false) {
        let began = MonotonicTime.now()
        defer { isCostly = isServer && MonotonicTime.now() - began > Self.costlyNanoseconds }
        let before = reportsRest ? 0 : input.readableCount
        var budget = bytesMax
        var end: ReadEnd?
        readWaitsToWrite = false
        // Without the look at `SSL_has_pending` each message would cost a second read, just to hear "nothing
        // more".
        if !isDelegateBehind {
            end = readOnce(&budget)
            if end == nil, budget > 0, SSL_has_pending(ssl) == 1 {
                // More is coming: room at once for what this read may bring, instead of growing step by step.
                input.grow(to: bytesMax)
                repeat { end = readOnce(&budget) } while end == nil && budget > 0 && SSL_has_pending(ssl) == 1
            }
        }
        isDelegateBehind = false
        if input.readableCount > before { delegate?.didReceive(self) }
        guard phase == .open else { return }
        input.giveBackIfEmpty()
        group.heldInput.update(self)
        guard phase == .open else { return }
        switch end {
        case nil: if mayHaveMore, !isReadingPaused { awaitReadingTurn() }
        case .wouldBlock: break
        case .wouldBlockOnWrite: readWaitsToWrite = true
        // It is read again when the delegate is done with what came before.
        case .endOfInput: if !isDelegateBehind { return reportEnd() }
        case .failed(let error): return finish(error)
        }
        updateInterest()
    }

    /// OpenSSL holds bytes, or the end of the input, of which the kernel does not speak again.
    private var mayHaveMore: Bool {
        SSL_has_pending(ssl) == 1 || SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN != 0
    }

    private enum ReadEnd {
        case wouldBlock, wouldBlockOnWrite, endOfInput
        case failed(TLSError)
    }

    /// Nil when bytes were read.
    private func readOnce(_ budget: inout Int) -> ReadEnd? {
        if inputHasEnded { return .wouldBlock }
        var result: Int32 = 0
        let count = input.withWritable(minimum: Self.readRoomBytes) { room in
            steward_clear_errors()
            result = SSL_read(ssl, room.baseAddress, Int32(clamping: room.count))
            return Int(max(result, 0))
        }
        budget -= count
        if hasTooManyKeyUpdates {
            return .failed(
                TLSError(
                    .handshake,
                    "\(remoteAddress) sent more than \(limits.keyUpdatesPerMinuteMax) key updates in a minute"))
        }
        if count > 0 { return nil }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wouldBlock
        case SSL_ERROR_WANT_WRITE: return .wouldBlockOnWrite
        case SSL_ERROR_ZERO_RETURN: return .endOfInput
        case let code: return .failed(failure(code, "the connection with"))
        }
    }

    private func reportEnd() {
        inputHasEnded = true
        updateInterest()
        if let delegate { delegate.didReceiveEnd(self) } else { close() }
    }

    /// Writes as much of `output` as the kernel takes, up to `bytesMax`; the rest when it is this connection's turn.
    func flush(bytesMax: Int = TLSConnection.shortWriteBytes) {
        isFlushScheduled = false
        guard phase == .open || phase == .closing, !isAwaitingTurnToWrite else { return }
        writeBlock = .none
        let before = output.readableCount
        var left = bytesMax
        while !output.isEmpty, left > 0, writeBlock == .none {
            guard writeOnce(&left) else { return }
        }
        if output.isEmpty { output.giveBackIfEmpty() } else if writeBlock == .none { awaitTurnToWrite() }
        group.heldOutput.update(self, isServed: output.readableCount < before)
        guard phase != .closed else { return }
        guard output.readableCount <= limits.outputBytesMax else {
            return finish(
                TLSError(
                    .outputOverflow,
                    "\(remoteAddress) reads too slowly: \(output.readableCount) bytes wait for it"))
        }
        updateInterest()
        if output.isEmpty, phase == .closing { return endOutput() }
        if isAboveHighMark, output.readableCount <= limits.outputBytesLow {
            isAboveHighMark = false
            delegate?.didBecomeWritable(self)
        }
    }

    private func awaitTurnToWrite() {
        isAwaitingTurnToWrite = true
        if !isAwaitingTurn { group.turns.append(self) }
    }

    /// False when the connection failed.
    private func writeOnce(_ left: inout Int) -> Bool {
        let bytes = output.readableBytes
        steward_clear_errors()
        let count = SSL_write(
            ssl, bytes.baseAddress, Int32(clamping: min(bytes.count, max(left, Self.shortWriteBytes))))
        if count > 0 {
            output.consume(Int(count))
            left -= Int(count)
            return true
        }
        switch SSL_get_error(ssl, count) {
        case SSL_ERROR_WANT_WRITE: writeBlock = .untilWritable
        case SSL_ERROR_WANT_READ: writeBlock = .untilReadable
        case let code:
            finish(failure(code, "the connection with"))
            return false
        }
        return true
    }
}
