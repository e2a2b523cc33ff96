import CLinux
import Glibc

/// A named thread that can be joined.
struct PosixThread: Sendable {
    private let handle: pthread_t

    /// - Parameter niceness: how far below the other threads it runs, 0 to 19.
    /// - Throws: `ReactorError` when the process may not have one more thread.
    init(name: String, niceness: Int = 0, _ body: @escaping @Sendable () -> Void) throws {
        let start = Unmanaged.passRetained(Start(name: name, niceness: niceness, body: body))
        var handle = pthread_t()
        let code = pthread_create(
            &handle, nil,
            { argument in
                let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
                clinux_name_thread(start.name)
                if start.niceness > 0 { clinux_lower_thread(Int32(start.niceness)) }
                start.body()
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            start.release()
            throw ReactorError(call: "pthread_create", code: code)
        }
        self.handle = handle
    }

    /// Waits for the end of the thread; to be called once, by another thread.
    func join() {
        pthread_join(handle, nil)
    }

    private final class Start {
        let name: String
        let niceness: Int
        let body: @Sendable () -> Void

        init(name: String, niceness: Int, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.niceness = niceness
            self.body = body
        }
    }
}
