import Foundation
import Logging
import Observability
import Testing

@Suite struct JSONLogHandlerTests {
    private struct Secretive: CustomStringConvertible, Sendable {
        let description = "•••"
    }

    /// Logs through a pipe and gives back what arrived, one parsed object a line.
    private func logged(
        level: Logger.Level = .trace, _ body: (Logger, LogLevelSwitch) -> Void
    ) throws -> [[String: Any]] {
        let pipe = Pipe()
        let levelSwitch = LogLevelSwitch(level)
        let sink = LogSink(file: pipe.fileHandleForWriting.fileDescriptor)
        let logger = Logger(label: "test") { _ in
            JSONLogHandler(program: "customer", sink: sink, level: levelSwitch)
        }
        body(logger, levelSwitch)
        try pipe.fileHandleForWriting.close()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        return try text.split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    @Test func writesOneObjectForEachEvent() throws {
        let lines = try logged { logger, _ in
            logger.info(
                "call served", metadata: [LogKey.method: "A/B", LogKey.durationMilliseconds: .stringConvertible(3)])
            logger.warning("second")
        }
        #expect(lines.count == 2)
        #expect(lines[0]["msg"] as? String == "call served")
        #expect(lines[0]["level"] as? String == "info")
        #expect(lines[0]["program"] as? String == "customer")
        #expect(lines[0][LogKey.method] as? String == "A/B")
        #expect(lines[0][LogKey.durationMilliseconds] as? Int == 3)
        let time = try #require(lines[0]["ts"] as? String)
        #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/) != nil)
    }

    @Test func noValueBreaksOutOfItsString() throws {
        let nasty = "a\"b\\c\nd\r\te\u{0}\u{1F}\u{7F}ü𝄞\u{2028}"
        let lines = try logged { logger, _ in
            logger.info("\(nasty)", metadata: ["\(nasty)": "\(nasty)", "nested": ["x", ["y": "\(nasty)"]]])
        }
        #expect(lines.count == 1)
        #expect(lines[0]["msg"] as? String == nasty)
        #expect(lines[0][nasty] as? String == nasty)
        let nested = try #require(lines[0]["nested"] as? [Any])
        #expect((nested[1] as? [String: String])?["y"] == nasty)
    }

    @Test func metadataCannotForgeTheFixedMembers() throws {
        let lines = try logged { logger, _ in logger.info("real", metadata: ["msg": "forged", "level": "x"]) }
        #expect(lines[0]["msg"] as? String == "real")
        #expect(lines[0]["level"] as? String == "info")
    }

    @Test func secretsStayHiddenByTheirType() throws {
        let lines = try logged { logger, _ in
            logger.info("x", metadata: ["password": .stringConvertible(Secretive())])
        }
        #expect(lines[0]["password"] as? String == "•••")
    }

    @Test func theLevelChangesWhileRunning() throws {
        let lines = try logged(level: .info) { logger, levelSwitch in
            logger.debug("one")
            levelSwitch.level = .debug
            logger.debug("two")
            levelSwitch.level = .error
            logger.warning("three")
            var own = logger
            own.logLevel = .trace
            own.trace("four")
        }
        #expect(lines.map { $0["msg"] as? String } == ["two", "four"])
    }

    @Test func longValuesAreCut() throws {
        let lines = try logged { logger, _ in logger.info("\(String(repeating: "x", count: 100_000))") }
        let message = try #require(lines[0]["msg"] as? String)
        #expect(message.count < 10_000 && message.hasSuffix("…"))
    }

    @Test func aReaderWhoStoppedReadingHoldsUpNobody() throws {
        let pipe = Pipe()
        let sink = LogSink(file: pipe.fileHandleForWriting.fileDescriptor)
        let logger = Logger(label: "test") { _ in
            JSONLogHandler(program: "p", sink: sink, level: LogLevelSwitch(.info))
        }
        let start = ContinuousClock.now
        for _ in 0..<1_000 { logger.info("\(String(repeating: "x", count: 1_000))") }
        #expect(ContinuousClock.now - start < .seconds(5))
        // Empty the pipe; the next line tells how many are missing.
        var taken = 0
        while taken < 16 {
            taken += pipe.fileHandleForReading.availableData.count > 0 ? 1 : 0; if taken > 0 { break }
        }
        logger.info("after")
        try pipe.fileHandleForWriting.close()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let last = try #require(text.split(separator: "\n").last { $0.contains("after") })
        let line = try #require(try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
        #expect((line[LogKey.droppedLines] as? Int ?? 0) > 500)
    }
}
