import Glibc
import Testing

@testable import Credentials

@Suite struct PasswordMemoryTests {
    /// Others hash at the same time; what is kept at any moment is wiped.
    @Test func hashesLeaveNothingInTheMemoryThatIsKept() throws {
        let hash = try PasswordHash.make("correct horse")
        #expect(try hash.verify("correct horse"))
        #expect(try !hash.verify("battery staple"))
        PasswordMemory.standard.inspect { block in
            #expect(block.allSatisfy { $0 == 0 })
        }
    }

    @Test func keepsWhatWasUsedAtOnceAndLendsItAgain() throws {
        let memory = PasswordMemory(keptBytes: 4_096)
        func kept() -> [UnsafeRawPointer] {
            var starts: [UnsafeRawPointer] = []
            memory.inspect { block in block.baseAddress.map { starts.append($0) } }
            return starts
        }
        let blocks = try (0..<3).map { _ in try #require(memory.take(bytes: 4_096)) }
        #expect(kept().isEmpty && Set(blocks).count == 3)
        for block in blocks { memory.giveBack(block, bytes: 4_096) }
        #expect(Set(kept()) == Set(blocks.map { UnsafeRawPointer($0) }))
        let again = try #require(memory.take(bytes: 4_096))
        #expect(blocks.contains(again) && kept().count == 2)
        memory.giveBack(again, bytes: 4_096)
    }

    @Test func keepsNothingOfAnotherSize() throws {
        let memory = PasswordMemory(keptBytes: 4_096)
        let block = try #require(memory.take(bytes: 8_192))
        memory.giveBack(block, bytes: 8_192)
        var count = 0
        memory.inspect { _ in count += 1 }
        #expect(count == 0)
    }
}
