import DequeModule

/// What goes on in its turn among those with long work.
enum LongWork {
    /// A task that stepped aside.
    case pause(UnsafeContinuation<Void, Never>)
    /// A task that has had its share and was woken.
    case job(UnownedJob, MeteredExecutor)
}

extension EventLoop {
    /// Nanoseconds that a task may run before it lets others have their turn, and that the handlers of a server may begin in one turn.
    package static let share: UInt64 = 200_000

    /// Suspends the task until it is its turn among those with long work: one of them goes on after each turn of the loop, when
    /// everybody else has got what the turn brought. Whoever has more to do than others should wait for calls it now and then
    /// (`Pace`). On the loop.
    package func takeTurn() async {
        assertCurrent()
        await withUnsafeContinuation { standInLine(.pause($0)) }
    }

    func standInLine(_ work: LongWork) {
        longWork.append(work)
        if longWork.count == 1 { afterTurn { [self] in goOn() } }
    }

    private func goOn() {
        guard let next = longWork.popFirst() else { return }
        if !longWork.isEmpty { afterTurn { [self] in goOn() } }
        switch next {
        case .pause(let continuation): resumeNow(continuation)
        case .job(let job, let executor): executor.runInTurn(job)
        }
    }
}

/// The pace of work on as many things as somebody asks for: after each share it lets others have their turn on the loop, so that a
/// batch of a thousand makes nobody wait for all of it. One for all the loops of a call.
package struct Pace: Sendable {
    /// When its last turn began.
    private var turnBegin: UInt64 = 0

    package init() {}

    /// To be called between two of the things.
    package mutating func step() async {
        guard let loop = EventLoop.current else { return }
        // What was waited for meanwhile let others pass.
        guard MonotonicTime.now() &- max(turnBegin, loop.now) > EventLoop.share else { return }
        await loop.takeTurn()
        turnBegin = MonotonicTime.now()
    }

    /// Makes something of each element, one after the other.
    package mutating func map<Elements: Sequence, Value>(
        _ elements: Elements, _ transform: (Elements.Element) throws -> Value
    ) async rethrows -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(elements.underestimatedCount)
        for element in elements {
            values.append(try transform(element))
            await step()
        }
        return values
    }
}
