import TestSupport
import Testing

@testable import Wire

@Suite struct BufferTests {
    @Test func growingKeepsTheBytesAndNeverShrinks() {
        let buffer = ByteBuffer()
        buffer.append([1, 2, 3])
        buffer.consume(1)
        buffer.grow(to: 5_000)
        #expect(buffer.capacity == 5_000 && buffer.copy() == [2, 3])
        buffer.grow(to: 10)
        #expect(buffer.capacity == 5_000)
    }

    /// A buffer behaves as an array that is appended to and dropped from.
    @Test func behavesAsAQueue() {
        var random = SeededGenerator(seed: 3)
        let buffer = ByteBuffer()
        var model: [UInt8] = []
        for _ in 0..<5000 {
            switch UInt8.random(in: 0..<8, using: &random) {
            case 0..<4:
                let bytes = (0..<Int.random(in: 0...700, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                buffer.append(bytes)
                model += bytes
            case 4, 5:
                let count = Int.random(in: 0...model.count, using: &random)
                buffer.consume(count)
                model.removeFirst(count)
            case 6:
                let count = Int.random(in: 0...model.count, using: &random)
                buffer.truncate(toReadable: count)
                model.removeLast(model.count - count)
            default:
                buffer.withWritable(minimum: 3) { free in
                    free.copyBytes(from: [1, 2, 3])
                    return 3
                }
                model += [1, 2, 3]
            }
            guard buffer.readableCount == model.count else {
                Issue.record("\(buffer.readableCount) bytes, not \(model.count)")
                return
            }
        }
        #expect(buffer.copy() == model)
    }

    @Test func consumingMovesNoBytes() {
        let buffer = ByteBuffer()
        buffer.append([1, 2, 3])
        let bytes = buffer.readableBytes
        buffer.consume(3)
        #expect(Array(bytes) == [1, 2, 3])
    }

    @Test func reusesTheRoomOfWhatWasConsumed() {
        let buffer = ByteBuffer(capacity: 1024)
        for _ in 0..<10_000 {
            buffer.append([UInt8](repeating: 1, count: 700))
            buffer.consume(699)
            buffer.consume(1)
        }
        #expect(buffer.capacity == 1024)
    }

    @Test func givesItsMemoryBackWhenEmpty() {
        let buffer = ByteBuffer()
        buffer.append([UInt8](repeating: 1, count: 100_000))
        buffer.giveBackIfEmpty()
        #expect(buffer.capacity >= 100_000)
        buffer.consume(100_000)
        buffer.giveBackIfEmpty()
        #expect(buffer.capacity == 0 && buffer.readableBytes.isEmpty)
        buffer.append([7])
        #expect(buffer.copy() == [7])
    }

    @Test func setsNumbersInPlace() {
        let buffer = ByteBuffer()
        buffer.append([9])
        buffer.append(bigEndian: 0)
        buffer.consume(1)
        buffer.set(bigEndian: 0x0102_0304, at: 0)
        #expect(buffer.copy() == [1, 2, 3, 4])
    }
}

@Suite struct ArenaTests {
    @Test func givesAlignedMemoryThatDoesNotOverlap() {
        let arena = Arena()
        var pieces: [UnsafeMutableRawPointer] = []
        let sizes = (0..<500).map { $0 * 7 % 3000 }
        for (index, size) in sizes.enumerated() {
            let piece = arena.allocate(size)
            #expect(UInt(bitPattern: piece) % 8 == 0)
            piece.initializeMemory(as: UInt8.self, repeating: UInt8(index & 255), count: size)
            pieces.append(piece)
        }
        for (index, size) in sizes.enumerated() {
            #expect(
                (0..<size).allSatisfy {
                    pieces[index].load(fromByteOffset: $0, as: UInt8.self) == UInt8(index & 255)
                })
        }
        #expect(arena.usedBytes >= sizes.reduce(0, +))
    }

    @Test func startsAgainAfterReset() {
        let arena = Arena()
        let first = arena.allocate(100)
        _ = arena.allocate(1_000_000)
        arena.reset()
        #expect(arena.usedBytes == 0)
        #expect(arena.allocate(100) == first)
    }

    @Test func whatABodyTookIsFreed() {
        let arena = Arena()
        _ = arena.allocate(100)
        let used = arena.usedBytes
        for size in [10, 50_000, 3_000_000] {
            let text = arena.freeing { String(cString: arena.string(String(repeating: "x", count: size))) }
            #expect(text.utf8.count == size && arena.usedBytes == used)
        }
        let next = arena.allocate(8)
        arena.freeing { _ = arena.string("a\0b") }
        #expect(arena.nulTexts.isEmpty)
        #expect(arena.allocate(8) == next + 8)
    }

    @Test func thePoolGivesBackTheSameArenaEmpty() {
        let pool = ArenaPool()
        let arena = pool.take()
        _ = arena.allocate(64)
        pool.give(arena)
        let again = pool.take()
        #expect(again === arena && again.usedBytes == 0)
        #expect(pool.take() !== arena)
    }
}
