import Glibc
import Synchronization

/// Lets the main thread wait for what tasks do, and takes the result.
// SAFETY: the semaphore is thread-safe by definition; the pointer is made once and freed when nobody holds the latch.
final class Latch<Value: Sendable>: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private let value = Mutex<Value?>(nil)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    /// Opens the latch. The first value counts.
    func open(_ value: Value) {
        self.value.withLock { $0 = $0 ?? value }
        sem_post(semaphore)
    }

    /// Blocks this thread until the latch is open. Not on an event loop.
    func wait() -> Value {
        while true {
            if sem_wait(semaphore) == 0, let value = value.withLock({ $0 }) { return value }
        }
    }
}
