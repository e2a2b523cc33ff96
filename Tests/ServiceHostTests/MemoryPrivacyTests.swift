import Foundation
import Testing

@testable import ServiceHost

@Suite struct MemoryPrivacyTests {
    private typealias Control = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32

    /// Done to this process and, as far as it can be, undone.
    @Test func coreFilesAndOtherProcessesSeeNothing() throws {
        // prctl takes any number of arguments, which Swift does not import.
        let control = unsafeBitCast(try #require(dlsym(nil, "prctl")), to: Control.self)
        let (getDumpable, setDumpable): (Int32, Int32) = (3, 4)
        #expect(control(getDumpable, 0, 0, 0, 0) == 1)
        defer { _ = control(setDumpable, 1, 0, 0, 0) }
        try MemoryPrivacy.enforce()
        #expect(control(getDumpable, 0, 0, 0, 0) == 0)
        let limits = try String(contentsOfFile: "/proc/self/limits", encoding: .utf8)
        let core = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
        #expect(core.split(separator: " ").suffix(3).map(String.init) == ["0", "0", "bytes"])
    }
}
