import Glibc
package import Logging

/// swift-log handler: one JSON object a line with `ts` (UTC, microseconds), `level`, `msg`, `program` and the
/// metadata as members of the same object.
///
/// What must not be printed is kept out by its type: a secret's description is dots, whoever logs it.
package struct JSONLogHandler: LogHandler {
    /// Longest value of one metadata entry or message in characters; the rest is cut and marked with `…`.
    static let valueCharactersMax = 8_192

    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let program: String
    private let sink: LogSink
    private let levelSwitch: LogLevelSwitch
    private var ownLevel: Logger.Level?

    /// Writes to `sink`; the level is that of `levelSwitch` until a logger sets its own.
    package init(program: String, sink: LogSink = .standardError, level: LogLevelSwitch) {
        self.program = program
        self.sink = sink
        self.levelSwitch = level
    }

    package var logLevel: Logger.Level {
        get { ownLevel ?? levelSwitch.level }
        set { ownLevel = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let given = event.metadata { all.merge(given) { _, new in new } }
        if let error = event.error { all[LogKey.error] = "\(LogText.of(error))" }
        sink.write { droppedLines in
            if droppedLines > 0 { all[LogKey.droppedLines] = .stringConvertible(droppedLines) }
            return line(event, all)
        }
    }

    private func line(_ event: LogEvent, _ metadata: Logger.Metadata) -> [UInt8] {
        var text = JSONText(capacity: 256)
        text.raw("{\"ts\":\"")
        Self.appendTime(to: &text)
        text.raw("\",\"level\":")
        text.string(event.level.rawValue)
        text.raw(",\"msg\":")
        text.string(Self.cut("\(event.message)"))
        text.raw(",\"program\":")
        text.string(program)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) where !Self.reservedKeys.contains(key) {
            text.raw(",")
            text.string(key)
            text.raw(":")
            Self.append(value, to: &text)
        }
        text.raw("}\n")
        return text.bytes
    }

    private static let reservedKeys: Set<String> = ["ts", "level", "msg", "program"]

    private static func append(_ value: Logger.MetadataValue, to text: inout JSONText) {
        switch value {
        case .string(let string): text.string(cut(string))
        case .stringConvertible(let number as any FixedWidthInteger & CustomStringConvertible):
            text.digits(Int(clamping: number), width: 0)
        case .stringConvertible(let other): text.string(cut(other.description))
        case .array(let values):
            text.raw("[")
            for (index, element) in values.enumerated() {
                if index > 0 { text.raw(",") }
                append(element, to: &text)
            }
            text.raw("]")
        case .dictionary(let members):
            text.raw("{")
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { text.raw(",") }
                text.string(member.key)
                text.raw(":")
                append(member.value, to: &text)
            }
            text.raw("}")
        }
    }

    private static func cut(_ text: String) -> String {
        text.utf8.count <= valueCharactersMax ? text : String(text.prefix(valueCharactersMax)) + "…"
    }

    private static func appendTime(to text: inout JSONText) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        gmtime_r(&now.tv_sec, &parts)
        text.digits(Int(parts.tm_year) + 1_900, width: 4)
        text.raw("-")
        text.digits(Int(parts.tm_mon) + 1, width: 2)
        text.raw("-")
        text.digits(Int(parts.tm_mday), width: 2)
        text.raw("T")
        text.digits(Int(parts.tm_hour), width: 2)
        text.raw(":")
        text.digits(Int(parts.tm_min), width: 2)
        text.raw(":")
        text.digits(Int(parts.tm_sec), width: 2)
        text.raw(".")
        text.digits(now.tv_nsec / 1_000, width: 6)
        text.raw("Z")
    }
}
