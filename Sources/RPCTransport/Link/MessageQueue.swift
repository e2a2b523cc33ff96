import DequeModule
import RPC
import Reactor

/// The messages of a stream that have come and were not read yet. Bounded by the credit of the call: what is held here is given back to
/// the sender only when it is read.
// SAFETY: confined to the loop of its call; `next` goes there first.
final class MessageQueue: @unchecked Sendable {
    /// A message and the credit to give back once it is read.
    struct Item: Sendable {
        var bytes: [UInt8]
        var cost: Int
    }

    private let loop: EventLoop
    private var assembly: MessageAssembly
    private var items = Deque<Item>()
    private var hasEnded = false
    private var waiter: CheckedContinuation<Result<Item?, RPCError>, Never>?
    /// Why the stream broke off.
    private(set) var error: RPCError?
    /// What the reader is told after the last message; nil: that there are no more.
    private var ending: RPCError?

    init(loop: EventLoop, bytesMax: Int) {
        self.loop = loop
        assembly = MessageAssembly(bytesMax: bytesMax)
    }

    /// Takes a piece of the stream. True when its cost is held until the message is read; the pieces before the last one are not, since
    /// a message may be longer than the credit.
    func append(_ piece: UnsafeRawBufferPointer, more: Bool, cost: Int) -> Bool {
        guard error == nil, !hasEnded else { return false }
        do {
            guard let bytes = try assembly.collect(piece, more: more) else { return false }
            deliver(Item(bytes: bytes, cost: cost))
            return true
        } catch {
            fail(RPCError(masking: error))
            return false
        }
    }

    /// There are no more messages. With an error, the reader is told after it has read what came before.
    func end(_ ending: RPCError? = nil) {
        guard error == nil, !hasEnded else { return }
        guard ending != nil || !assembly.isPartial else {
            return fail(.invalidArgument("MESSAGE_INCOMPLETE", "The stream ended inside a message."))
        }
        hasEnded = true
        self.ending = ending
        waiter?.resume(returning: last)
        waiter = nil
    }

    /// What the reader is told after the last message.
    private var last: Result<Item?, RPCError> { ending.map { .failure($0) } ?? .success(nil) }

    /// The stream broke off; what was not read yet is dropped.
    func fail(_ error: RPCError) {
        guard self.error == nil, !hasEnded || !items.isEmpty else { return }
        self.error = error
        items.removeAll()
        waiter?.resume(returning: .failure(error))
        waiter = nil
    }

    private func deliver(_ item: Item) {
        if let waiter {
            self.waiter = nil
            waiter.resume(returning: .success(item))
        } else {
            items.append(item)
        }
    }

    /// The next message, nil after the last.
    func next() async throws(RPCError) -> Item? {
        if loop.isCurrent, let item = items.popFirst() { return item }
        return try await withCheckedContinuation { continuation in
            if loop.isCurrent { wait(continuation) } else { loop.execute { self.wait(continuation) } }
        }.get()
    }

    private func wait(_ continuation: CheckedContinuation<Result<Item?, RPCError>, Never>) {
        precondition(waiter == nil, "a stream is read by one task at a time")
        if let error {
            continuation.resume(returning: .failure(error))
        } else if let item = items.popFirst() {
            continuation.resume(returning: .success(item))
        } else if hasEnded {
            continuation.resume(returning: last)
        } else {
            waiter = continuation
        }
    }
}
