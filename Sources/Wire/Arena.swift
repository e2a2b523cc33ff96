package import CProtobufC

#if canImport(Glibc)
    import Glibc
#endif

/// Memory of one call: bumped up piece by piece, freed in one step.
///
/// What a peer makes us allocate (decoding) is bounded by `byteLimit`; what we build ourselves is not, it is
/// bounded by page sizes and result limits where it is made.
///
/// SAFETY: one call, one event loop; it is not synchronised.
package final class Arena: @unchecked Sendable {
    /// The first chunk, kept over `reset`: a usual request and its answer fit.
    package static let firstChunkBytes = 8 * 1024
    /// Chunks double up to this size.
    private static let chunkBytesMax = 1024 * 1024
    /// Fits every type that protobuf-c lays out.
    private static let alignment = 8

    private struct Chunk {
        let start: UnsafeMutableRawPointer
        let size: Int
    }

    @exclusivity(unchecked) private var chunks: [Chunk] = []
    @exclusivity(unchecked) private var cursor: UnsafeMutableRawPointer
    @exclusivity(unchecked) private var limit: UnsafeMutableRawPointer
    /// Bytes in the chunks before the current one.
    @exclusivity(unchecked) private var fullBytes = 0
    private let allocator: UnsafeMutablePointer<ProtobufCAllocator>
    /// The copies of texts that held a NUL, which a C string ends at: what they stand in must not leave the process
    /// (`Message.checkTexts`).
    @exclusivity(unchecked) private(set) var nulTexts: [UnsafeMutablePointer<CChar>] = []

    /// Most bytes that decoding may bring the arena to.
    @exclusivity(unchecked) package var byteLimit: Int

    package init(byteLimit: Int = 2 * WireLimits.memoryBytesMax) {
        self.byteLimit = byteLimit
        let first = Arena.makeChunk(Arena.firstChunkBytes)
        chunks = [first]
        cursor = first.start
        limit = first.start + first.size
        allocator = .allocate(capacity: 1)
        allocator.initialize(to: ProtobufCAllocator())
        allocator.pointee.alloc = { data, size in
            guard let data else { return nil }
            return Unmanaged<Arena>.fromOpaque(data)._withUnsafeGuaranteedRef { $0.allocateLimited(size) }
        }
        allocator.pointee.free = { _, _ in }
        allocator.pointee.allocator_data = Unmanaged.passUnretained(self).toOpaque()
    }

    deinit {
        for chunk in chunks { free(chunk.start) }
        allocator.deallocate()
    }

    /// For protobuf-c; answers nil past `byteLimit`. Valid as long as the arena.
    package var protobufAllocator: UnsafeMutablePointer<ProtobufCAllocator> { allocator }

    /// Bytes in use, including what was lost to the ends of chunks.
    package var usedBytes: Int {
        fullBytes + (chunks[chunks.count - 1].start.distance(to: cursor))
    }

    /// Uninitialised memory, aligned to 8 bytes.
    package func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
        let size = (bytes + Arena.alignment - 1) & ~(Arena.alignment - 1)
        if cursor.distance(to: limit) >= size {
            let start = cursor
            cursor += size
            return start
        }
        return allocateInNewChunk(size)
    }

    /// Frees everything but the first chunk. No pointer into the arena may be used afterwards.
    package func reset() {
        if chunks.count > 1 { dropChunks(from: 1) }
        cursor = chunks[0].start
        limit = chunks[0].start + chunks[0].size
        fullBytes = 0
        if !nulTexts.isEmpty { nulTexts = [] }
    }

    /// Runs `body` and frees what it took. Nothing that it made may be used afterwards.
    package func freeing<Result>(_ body: () throws -> Result) rethrows -> Result {
        let (place, end, full, chunkCount, nulCount) = (cursor, limit, fullBytes, chunks.count, nulTexts.count)
        defer {
            if chunks.count > chunkCount { dropChunks(from: chunkCount) }
            (cursor, limit, fullBytes) = (place, end, full)
            if nulTexts.count > nulCount { nulTexts.removeSubrange(nulCount...) }
        }
        return try body()
    }

    private func dropChunks(from index: Int) {
        for chunk in chunks[index...] { free(chunk.start) }
        chunks.removeSubrange(index...)
    }

    /// A copy of the text, NUL-terminated. A NUL inside it, which a C string cannot hold, becomes U+FFFD, and the arena
    /// remembers the text.
    package func string(_ text: String) -> UnsafeMutablePointer<CChar> {
        var text = text
        return text.withUTF8 { string(utf8: UnsafeRawBufferPointer($0)) }
    }

    /// A copy of UTF-8 text, NUL-terminated. A NUL inside it, which a C string cannot hold, becomes U+FFFD, and the arena
    /// remembers the text.
    package func string(utf8 bytes: UnsafeRawBufferPointer) -> UnsafeMutablePointer<CChar> {
        if let base = bytes.baseAddress, memchr(base, 0, bytes.count) != nil {
            let copy = string(
                String(decoding: bytes, as: UTF8.self).split(
                    separator: "\0", omittingEmptySubsequences: false
                ).joined(separator: "\u{FFFD}"))
            nulTexts.append(copy)
            return copy
        }
        let copy = allocate(bytes.count + 1)
        if let base = bytes.baseAddress { memcpy(copy, base, bytes.count) }
        copy.storeBytes(of: 0, toByteOffset: bytes.count, as: UInt8.self)
        return copy.assumingMemoryBound(to: CChar.self)
    }

    /// A copy of the bytes.
    package func bytes(_ bytes: UnsafeRawBufferPointer) -> ProtobufCBinaryData {
        guard let base = bytes.baseAddress, bytes.count > 0 else {
            return ProtobufCBinaryData(len: 0, data: nil)
        }
        let copy = allocate(bytes.count)
        memcpy(copy, base, bytes.count)
        return ProtobufCBinaryData(len: bytes.count, data: copy.assumingMemoryBound(to: UInt8.self))
    }

    /// A copy of the bytes.
    package func bytes(_ array: [UInt8]) -> ProtobufCBinaryData {
        array.withUnsafeBytes { bytes($0) }
    }

    private func allocateLimited(_ bytes: Int) -> UnsafeMutableRawPointer? {
        guard bytes >= 0, bytes <= byteLimit, usedBytes + bytes <= byteLimit else { return nil }
        return allocate(bytes)
    }

    private func allocateInNewChunk(_ size: Int) -> UnsafeMutableRawPointer {
        let last = chunks[chunks.count - 1]
        fullBytes += last.start.distance(to: cursor)
        let chunk = Arena.makeChunk(max(size, min(last.size * 2, Arena.chunkBytesMax)))
        chunks.append(chunk)
        cursor = chunk.start + size
        limit = chunk.start + chunk.size
        return chunk.start
    }

    private static func makeChunk(_ size: Int) -> Chunk {
        guard let start = malloc(size) else { fatalError("out of memory: \(size) bytes for an arena") }
        return Chunk(start: start, size: size)
    }
}

/// Arenas of one event loop, kept for the next call.
///
/// SAFETY: confined to its event loop.
package final class ArenaPool: @unchecked Sendable {
    /// Idle arenas kept; 256 × 8 KiB = 2 MiB for each loop.
    package static let idleCountMax = 256

    @exclusivity(unchecked) private var idle: [Arena] = []

    package init() {}

    package func take() -> Arena {
        idle.popLast() ?? Arena()
    }

    /// Takes the arena back and resets it: nothing may point into it any more.
    package func give(_ arena: Arena) {
        guard idle.count < ArenaPool.idleCountMax else { return }
        arena.reset()
        idle.append(arena)
    }
}
