import Glibc
import Synchronization

/// The memory that argon2 works in, kept from one hash to the next. Mapping it anew has the kernel clear 19 MiB for each hash, and locks
/// the memory of the whole process meanwhile: a thread that hashes below all others then holds up those that it is to leave alone.
///
/// Nothing of a password stays in it, since argon2 wipes it before it gives it back. Kept are as many blocks as hashes of the
/// standard cost were ever computed at once; so whoever bounds the threads that hash bounds this. It belongs to the process, since
/// argon2 tells its allocator nothing but a size.
final class PasswordMemory: Sendable {
    /// That of the process: of hashes of the standard cost. What takes another amount, which a hash from elsewhere may, is not kept.
    static let standard = PasswordMemory(keptBytes: Int(PasswordCost.standard.memoryKiB) << 10)

    /// Bytes of a block that is kept.
    let keptBytes: Int
    /// What a processor can reach without looking for each page: argon2 jumps about in its memory.
    private static let hugePageBytes = 2 << 20

    // SAFETY: a block is either here or with the one hash that took it.
    private struct Block: @unchecked Sendable {
        let start: UnsafeMutableRawPointer
    }

    private let blocks = Mutex<[Block]>([])

    init(keptBytes: Int) { self.keptBytes = keptBytes }

    deinit {
        for block in blocks.withLock({ $0 }) { free(block.start) }
    }

    /// Lends each block that no hash uses.
    func inspect(_ body: (UnsafeRawBufferPointer) -> Void) {
        blocks.withLock { blocks in
            for block in blocks { body(UnsafeRawBufferPointer(start: block.start, count: keptBytes)) }
        }
    }

    /// Nil when there is no memory.
    func take(bytes: Int) -> UnsafeMutableRawPointer? {
        guard bytes == keptBytes else { return malloc(bytes) }
        return blocks.withLock { $0.popLast() }?.start ?? makeBlock()
    }

    /// Takes back what `take` gave for the same number of bytes.
    func giveBack(_ start: UnsafeMutableRawPointer, bytes: Int) {
        guard bytes == keptBytes else { return free(start) }
        let block = Block(start: start)
        blocks.withLock { $0.append(block) }
    }

    private func makeBlock() -> UnsafeMutableRawPointer? {
        let bytes = (keptBytes + Self.hugePageBytes - 1) / Self.hugePageBytes * Self.hugePageBytes
        var start: UnsafeMutableRawPointer?
        guard posix_memalign(&start, Self.hugePageBytes, bytes) == 0 else { return nil }
        // A wish only: without huge pages it is slower.
        madvise(start, bytes, MADV_HUGEPAGE)
        return start
    }
}
