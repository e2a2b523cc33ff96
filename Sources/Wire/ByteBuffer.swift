#if canImport(Glibc)
    import Glibc
#endif

/// A growable queue of bytes: appended at the end, consumed at the front.
///
/// Pointers that it hands out stay valid until the next call that writes to it, shrinks it or frees it;
/// consuming does not move bytes.
///
/// SAFETY: confined to the event loop (or the task) that owns it; it is not synchronised.
package final class ByteBuffer: @unchecked Sendable {
    /// As much as an empty buffer keeps: the room for one small read, so that one call after the other allocates nothing.
    package static let keptCapacityMax = 4 * 1024

    /// As much as a buffer that was given back may begin with when it is used again.
    package static let usualCapacityMax = 16 * 1024

    @exclusivity(unchecked) private var storage: UnsafeMutableRawPointer?

    private var usualCapacity = 256

    /// Bytes that fit without growing.
    @exclusivity(unchecked) package private(set) var capacity = 0

    /// Position of the first byte that was not consumed.
    @exclusivity(unchecked) package private(set) var readerIndex = 0

    /// Position after the last byte written.
    @exclusivity(unchecked) package private(set) var writerIndex = 0

    package init(capacity: Int = 0) {
        if capacity > 0 { resize(to: capacity) }
    }

    deinit {
        free(storage)
    }

    /// Number of bytes written and not yet consumed.
    package var readableCount: Int { writerIndex - readerIndex }

    package var isEmpty: Bool { writerIndex == readerIndex }

    /// The bytes written and not yet consumed.
    package var readableBytes: UnsafeRawBufferPointer {
        guard let storage else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(start: storage + readerIndex, count: readableCount)
    }

    package func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        reserve(bytes.count)
        memcpy(end, source, bytes.count)
        writerIndex += bytes.count
    }

    package func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    /// Appends a number in network byte order.
    package func append(bigEndian number: UInt32) {
        withUnsafeBytes(of: number.bigEndian) { append($0) }
    }

    /// Overwrites four bytes, `offset` bytes after the reader index, with a number in network byte order.
    package func set(bigEndian number: UInt32, at offset: Int) {
        precondition(offset >= 0 && offset + 4 <= readableCount, "outside of what was written")
        guard let storage else { return }
        (storage + readerIndex + offset).storeBytes(of: number.bigEndian, as: UInt32.self)
    }

    /// Lets `body` write to at least `minimum` free bytes at the end; it returns how many it wrote.
    @discardableResult
    package func withWritable<Failure: Error>(
        minimum: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) -> Int {
        reserve(minimum)
        let free = UnsafeMutableRawBufferPointer(
            start: storage.map { $0 + writerIndex }, count: capacity - writerIndex)
        let written = try body(free)
        precondition(written >= 0 && written <= free.count, "wrote past the end of the buffer")
        writerIndex += written
        return written
    }

    /// Makes room for `count` more bytes.
    package func reserve(_ count: Int) {
        guard capacity - writerIndex < count else { return }
        let readable = readableCount
        if readerIndex > 0, let storage, readable + count <= capacity {
            memmove(storage, storage + readerIndex, readable)
            readerIndex = 0
            writerIndex = readable
            return
        }
        resize(to: max(readable + count, capacity * 2, usualCapacity))
    }

    /// Takes memory for so many bytes in all, if there is less.
    package func grow(to bytes: Int) {
        if capacity < bytes { resize(to: bytes) }
    }

    /// Drops `count` bytes from the front.
    package func consume(_ count: Int) {
        precondition(count >= 0 && count <= readableCount, "consumed more than there is")
        readerIndex += count
        if readerIndex == writerIndex {
            readerIndex = 0
            writerIndex = 0
        }
    }

    /// Drops everything.
    package func discard() {
        readerIndex = 0
        writerIndex = 0
    }

    /// Takes back bytes from the end, to undo an append that failed half way.
    package func truncate(toReadable count: Int) {
        precondition(count >= 0 && count <= readableCount, "cannot truncate to more than there is")
        writerIndex = readerIndex + count
    }

    /// Gives the memory back when the buffer is empty and holds more than an idle connection should. The next use begins
    /// with half as much, up to ``usualCapacityMax``, so that it need not grow step by step again.
    package func giveBackIfEmpty() {
        guard isEmpty, capacity > ByteBuffer.keptCapacityMax else { return }
        usualCapacity = min(capacity / 2, ByteBuffer.usualCapacityMax)
        free(storage)
        storage = nil
        capacity = 0
        discard()
    }

    /// A copy of the bytes written and not yet consumed.
    package func copy() -> [UInt8] {
        [UInt8](readableBytes)
    }

    private var end: UnsafeMutableRawPointer {
        guard let storage else { preconditionFailure("no storage") }
        return storage + writerIndex
    }

    private func resize(to newCapacity: Int) {
        guard let fresh = malloc(newCapacity) else {
            fatalError("out of memory: \(newCapacity) bytes for a buffer")
        }
        let readable = readableCount
        if let storage, readable > 0 { memcpy(fresh, storage + readerIndex, readable) }
        free(storage)
        storage = fresh
        capacity = newCapacity
        readerIndex = 0
        writerIndex = readable
    }
}
