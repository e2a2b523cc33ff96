import Glibc
import Settings

/// The first byte chooses a source: the settings file, `--set` or the environment; the rest is its text, the last two with one
/// entry a line.
///
/// Promises: whatever stands there, reading ends with values in their ranges or with a `SettingsError`; a duration or size that
/// was read is written so that it reads the same.
enum SettingsInput {
    /// A file without a name, written anew for each input.
    private static let file: (descriptor: CInt, path: String) = {
        var name = Array("/tmp/steward-fuzz.XXXXXX".utf8CString)
        let descriptor = mkstemp(&name)
        guard descriptor >= 0 else { fatalError("mkstemp: \(String(cString: strerror(errno)))") }
        unlink(name)
        return (descriptor, "/proc/self/fd/\(descriptor)")
    }()

    static func run(_ bytes: UnsafeRawBufferPointer) {
        guard let first = bytes.first else { return }
        let rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
        var lines: [String] { String(decoding: rest, as: UTF8.self).split(separator: "\n").map(String.init) }
        switch first % 4 {
        case 0, 1:
            ftruncate(file.descriptor, 0)
            require(pwrite(file.descriptor, rest.baseAddress, rest.count, 0) == rest.count, "the file is written")
            read(SettingsSources(file: file.path))
        case 2:
            read(SettingsSources(overrides: lines))
            texts(lines)
        default:
            let pairs = lines.compactMap { line in
                line.firstIndex(of: "=").map { (String(line[..<$0]), String(line[line.index(after: $0)...])) }
            }
            read(SettingsSources(environment: Dictionary(pairs, uniquingKeysWith: { $1 })))
        }
    }

    private static func read(_ sources: SettingsSources) {
        do throws(SettingsError) {
            let reader = try SettingsReader(sources)
            require((1...9).contains(reader.int("loops", default: 1, in: 1...9, about: "")), "a number is in its range")
            let wait = reader.duration("drainDeadline", default: .seconds(20), in: .zero ... .seconds(600), about: "")
            require((.zero ... .seconds(600)).contains(wait), "a duration is in its range")
            let size = reader.byteCount("limits.bytes", default: 4_096, in: 0...1 << 30, about: "")
            require((0...1 << 30).contains(size), "a size is in its range")
            _ = reader.bool("enabled", default: false, about: "")
            _ = reader.string("name", default: "x", about: "")
            _ = reader.list(
                "peers", default: [1], about: "", expects: "a number", show: { "\($0)" }, parse: { Int($0) })
            _ = reader.value(
                "log.level", default: "info", about: "", expects: "a word", placeholder: "", show: { $0 },
                parse: { $0.isEmpty ? nil : $0 })
            try reader.finish()
        } catch {
            require(!error.problems.isEmpty, "a refusal says what is wrong")
        }
    }

    private static func texts(_ lines: [String]) {
        for line in lines {
            if let duration = SettingText.duration(line) {
                require(
                    SettingText.duration(SettingText.format(duration)) == duration, "a duration reads back: \(line)")
            }
            if let size = SettingText.byteCount(line) {
                require(
                    SettingText.byteCount(SettingText.format(byteCount: size)) == size, "a size reads back: \(line)")
            }
        }
    }
}
