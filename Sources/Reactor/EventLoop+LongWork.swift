import DequeModule

extension EventLoop {
    /// Suspends the task until it is its turn among those with long work: one of them goes on after each turn of the loop, when
    /// everybody else has got what the turn brought. Whoever has more to do than others should wait for calls it now and then.
    /// On the loop.
    package func takeTurn() async {
        assertCurrent()
        await withUnsafeContinuation { continuation in
            longWork.append(continuation)
            if longWork.count == 1 { afterTurn { [self] in goOn() } }
        }
    }

    private func goOn() {
        guard let next = longWork.popFirst() else { return }
        if !longWork.isEmpty { afterTurn { [self] in goOn() } }
        resumeNow(next)
    }
}
