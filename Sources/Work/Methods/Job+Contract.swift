import Contracts
import Tenancy

extension Contracts.Job {
    init(_ job: Job, of service: ServiceName) {
        self.init(
            id: job.id.text, name: job.name, state: Contracts.JobState(job.state), userID: job.userID?.id.text,
            scheduleTime: job.scheduledAt, dueTime: job.state.isOpen ? job.dueAt : nil, startTime: job.startedAt,
            endTime: job.endedAt, doneCount: job.progress.done, totalCount: job.progress.total,
            attempts: Int32(clamping: job.attempts), lastError: job.lastError, cancelTime: job.cancelAskedAt,
            createTime: job.createdAt, service: service.rawValue,
            report: job.progress.report == JobReport() ? nil : job.progress.report, step: job.step)
    }
}

extension Contracts.JobState {
    init(_ state: JobState) {
        self =
            switch state {
            case .waiting: .waiting
            case .leased: .running
            case .done: .done
            case .failed: .failed
            case .cancelled: .cancelled
            }
    }
}

extension Contracts.Job {
    /// Whether a watcher is to be told: not of a lease that was only made longer.
    func isTold(differently last: Contracts.Job?) -> Bool {
        guard var last else { return true }
        if state == .running, last.state == .running { last.dueTime = dueTime }
        return self != last
    }
}
