/// An executor of a loop that counts how long its task runs there: from one wait to the next, and nothing of the time that it waits.
///
/// A task that has run for `EventLoop.share` goes on in its turn among those with long work (`EventLoop.takeTurn`), and then has as
/// much again: what wakes many such tasks at once makes nobody wait for all of them.
// SAFETY: `enqueue` may come from any thread and hands the job on; all else is confined to the loop.
package final class MeteredExecutor: TaskExecutor, @unchecked Sendable {
    private let loop: EventLoop
    /// What its stretches took that are over, since `startOver`.
    @exclusivity(unchecked) private var spent: UInt64 = 0
    /// What of that counts for its turn.
    @exclusivity(unchecked) private var spentOfTurn: UInt64 = 0
    /// When the stretch began that runs now; 0 while none does.
    @exclusivity(unchecked) private var begin: UInt64 = 0

    package init(loop: EventLoop) { self.loop = loop }

    package func enqueue(_ job: consuming ExecutorJob) { loop.enqueue(.metered(UnownedJob(job), self)) }

    /// Counts from here on: the task begins with something else. On the loop.
    package func startOver() {
        (spent, spentOfTurn) = (0, 0)
        begin = MonotonicTime.now()
    }

    /// Nanoseconds that its task has run on the loop until now. On the loop.
    package var nanoseconds: UInt64 { begin == 0 ? spent : spent &+ (MonotonicTime.now() &- begin) }

    /// Runs what begins or goes on with the task. On the loop.
    package func run(_ stretch: () -> Void) {
        begin = MonotonicTime.now()
        stretch()
        let elapsed = MonotonicTime.now() &- begin
        begin = 0
        spent &+= elapsed
        spentOfTurn &+= elapsed
    }

    /// The task is to let others go first.
    var hasHadItsShare: Bool { spentOfTurn >= EventLoop.share }

    func run(_ job: UnownedJob) { run { job.runSynchronously(on: asUnownedTaskExecutor()) } }

    /// The same in a turn of its own.
    func runInTurn(_ job: UnownedJob) {
        spentOfTurn = 0
        run(job)
    }
}
