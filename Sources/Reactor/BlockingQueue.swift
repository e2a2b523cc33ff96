import DequeModule
import Glibc

/// A bounded queue whose takers wait on their threads.
final class BlockingQueue: @unchecked Sendable {  // SAFETY: every field is touched under `mutex` only
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let queueCountMax: Int
    private var idleCount: Int
    private var work = Deque<@Sendable () -> Void>()
    private var isClosed = false

    /// - Parameters:
    ///   - takerCount: how many threads will call `serve()`; an idle one has room for a piece.
    ///   - queueCountMax: how many pieces may wait while all takers are busy.
    init(takerCount: Int, queueCountMax: Int) {
        self.queueCountMax = queueCountMax
        idleCount = takerCount
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func append(_ piece: @escaping @Sendable () -> Void) throws(WorkerPoolError) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !isClosed else { throw .shutDown }
        guard work.count < idleCount + queueCountMax else { throw .full }
        work.append(piece)
        pthread_cond_signal(condition)
    }

    /// Runs pieces on the calling thread, one of the takers, until the queue is closed and empty.
    func serve() {
        pthread_mutex_lock(mutex)
        while true {
            while work.isEmpty && !isClosed { pthread_cond_wait(condition, mutex) }
            guard let piece = work.popFirst() else { break }
            idleCount -= 1
            pthread_mutex_unlock(mutex)
            piece()
            pthread_mutex_lock(mutex)
            idleCount += 1
        }
        pthread_mutex_unlock(mutex)
    }

    func close() {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        isClosed = true
        pthread_cond_broadcast(condition)
    }
}
