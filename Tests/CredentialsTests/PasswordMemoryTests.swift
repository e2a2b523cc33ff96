import Glibc
import Testing

@testable import Credentials

/// The only tests of the target that hash at the standard cost: what is kept belongs to the process.
@Suite(.serialized) struct PasswordMemoryTests {
    private func isWiped(_ block: UnsafeMutableRawPointer) -> Bool {
        UnsafeRawBufferPointer(start: block, count: PasswordMemory.keptBytes).allSatisfy { $0 == 0 }
    }

    @Test func hashesLeaveNothingInTheMemoryThatIsKept() throws {
        let block = try #require(PasswordMemory.take(bytes: PasswordMemory.keptBytes))
        memset(block, 0xaa, PasswordMemory.keptBytes)
        PasswordMemory.giveBack(block, bytes: PasswordMemory.keptBytes)
        let hash = try PasswordHash.make("correct horse")
        let again = try #require(PasswordMemory.take(bytes: PasswordMemory.keptBytes))
        #expect(again == block, "the hash had memory of its own")
        #expect(isWiped(again))
        PasswordMemory.giveBack(again, bytes: PasswordMemory.keptBytes)
        #expect(try hash.verify("correct horse"))
        #expect(isWiped(block))
    }

    @Test func keepsNoMoreThanWasUsedAtOnce() async throws {
        let hash = try PasswordHash.make("correct horse")
        let before = PasswordMemory.keptCount
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<6 { group.addTask { try hash.verify("\(number)") } }
            for try await matches in group { #expect(!matches) }
        }
        #expect(PasswordMemory.keptCount <= max(before, 6))
        let most = PasswordMemory.keptCount
        for _ in 0..<3 { _ = try hash.verify("correct horse") }
        #expect(PasswordMemory.keptCount == most)
    }

    @Test func keepsNothingOfAnotherCost() throws {
        let before = PasswordMemory.keptCount
        _ = try PasswordHash.make("a", cost: PasswordCost(memoryKiB: 32_768, iterations: 1, lanes: 2))
        #expect(PasswordMemory.keptCount == before)
    }
}
