import HeapModule

/// The timers of a loop, soonest first; equal deadlines in the order of scheduling.
///
/// A cancelled timer stays in the heap as a husk. Most timers are deadlines of calls and are cancelled long
/// before they are due, so the heap is rebuilt when half of it is husks: a constant cost per timer, and
/// memory bounded by twice the timers that live.
struct TimerQueue {
    /// Below this many husks rebuilding is not worth it.
    static let huskCountMin = 64

    private struct Entry: Comparable {
        let deadline: UInt64
        let sequence: UInt64
        let timer: Timer

        static func < (left: Entry, right: Entry) -> Bool {
            (left.deadline, left.sequence) < (right.deadline, right.sequence)
        }

        static func == (left: Entry, right: Entry) -> Bool { left.sequence == right.sequence }
    }

    private var heap = Heap<Entry>()
    /// The number of the timer that was inserted last.
    private(set) var sequence: UInt64 = 0
    private var huskCount = 0

    /// Entries, husks included.
    var count: Int { heap.count }

    /// When the next timer is due; `UInt64.max` when there is none.
    var nextDeadline: UInt64 { heap.min?.deadline ?? .max }

    mutating func insert(_ timer: Timer) {
        sequence += 1
        heap.insert(Entry(deadline: timer.deadline, sequence: sequence, timer: timer))
    }

    /// Removes and returns the next timer that is due at `now`, unless it was inserted after number `last`: a
    /// timer that schedules the next one without delay must not keep the loop from its other work.
    mutating func popDue(_ now: UInt64, upTo last: UInt64) -> Timer? {
        while let first = heap.min,
            first.timer.isCancelled || (first.deadline <= now && first.sequence <= last)
        {
            heap.removeMin()
            if !first.timer.isCancelled { return first.timer }
            huskCount -= 1
        }
        return nil
    }

    /// To be told of every cancelled timer that is in the queue.
    mutating func timerWasCancelled() {
        huskCount += 1
        guard huskCount > Self.huskCountMin, huskCount > heap.count / 2 else { return }
        heap = Heap(heap.unordered.filter { !$0.timer.isCancelled })
        huskCount = 0
    }

    mutating func removeAll() {
        heap = Heap()
        huskCount = 0
    }
}
