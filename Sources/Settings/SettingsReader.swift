/// Reads a program's settings, once, at the door.
///
/// Each getter names its key, default, range and meaning; a wrong value is noted and the default given in its place, so
/// that ``finish()`` can tell everything that is wrong at once. Keys that no getter asked for are refused there too.
/// Not for several threads.
package final class SettingsReader {
    struct Entry {
        let key: String
        let value: String
        let origin: SettingOrigin
        let about: String
        let expects: String
    }

    let layers: SettingsLayers
    private let filePath: String?
    private(set) var entries: [Entry] = []
    private(set) var problems: [String] = []

    /// What is odd but does not stop the program; for the log.
    package internal(set) var warnings: [String] = []

    /// Reads the sources. Throws when the file cannot be read or is not YAML, or an override is not `key=value`.
    package init(_ sources: SettingsSources) throws(SettingsError) {
        layers = try SettingsLayers(sources)
        filePath = sources.file
    }

    // MARK: - Typed getters

    /// Text of 1 to 1,024 characters. Without a default it must be given.
    package func string(_ key: String, default standard: String? = nil, about: String) -> String {
        value(key, default: standard, about: about, expects: "text", placeholder: "", show: { $0 }) {
            (1...1_024).contains($0.count) ? $0 : nil
        }
    }

    /// Text that may be missing.
    package func optionalString(_ key: String, about: String) -> String? {
        optional(key, about: about, expects: "text") { $0.isEmpty ? nil : $0 }
    }

    /// A whole number in the range.
    package func int(
        _ key: String, default standard: Int? = nil, in range: ClosedRange<Int>, unit: String = "",
        about: String
    ) -> Int {
        let expects =
            "a whole number, \(range.lowerBound) to \(range.upperBound)" + (unit.isEmpty ? "" : " \(unit)")
        return value(
            key, default: standard, about: about, expects: expects, placeholder: range.lowerBound,
            show: { String($0) }
        ) { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A truth value.
    package func bool(_ key: String, default standard: Bool, about: String) -> Bool {
        value(
            key, default: standard, about: about, expects: "true or false", placeholder: false,
            show: { String($0) }, parse: SettingText.bool)
    }

    /// A duration in the range, as in `5s`.
    package func duration(
        _ key: String, default standard: Duration? = nil, in range: ClosedRange<Duration>, about: String
    ) -> Duration {
        let (low, high) = (SettingText.format(range.lowerBound), SettingText.format(range.upperBound))
        return value(
            key, default: standard, about: about,
            expects: "a duration, \(low) to \(high), as in 250ms, 5s, 2m",
            placeholder: range.lowerBound, show: SettingText.format
        ) { text in
            SettingText.duration(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A size in bytes in the range, as in `1MiB`.
    package func byteCount(
        _ key: String, default standard: Int? = nil, in range: ClosedRange<Int>, about: String
    ) -> Int {
        let (low, high) = (
            SettingText.format(byteCount: range.lowerBound), SettingText.format(byteCount: range.upperBound)
        )
        return value(
            key, default: standard, about: about, expects: "a size, \(low) to \(high), as in 64KiB, 1MiB",
            placeholder: range.lowerBound, show: { SettingText.format(byteCount: $0) }
        ) { text in
            SettingText.byteCount(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// Path of a file. A relative one in the settings file is taken from that file's folder, otherwise from the
    /// working directory.
    package func path(_ key: String, default standard: String? = nil, about: String) -> String {
        resolved(string(key, default: standard, about: about), of: key)
    }

    /// Path of a file that may be missing from the settings.
    package func optionalPath(_ key: String, about: String) -> String? {
        optionalString(key, about: about).map { resolved($0, of: key) }
    }

    /// Any other type: `parse` gives nil for what is not `expects`.
    package func value<T>(
        _ key: String, default standard: T? = nil, about: String, expects: String, placeholder: T,
        show: (T) -> String, parse: (String) -> T?
    ) -> T {
        do {
            if let (text, origin) = try layers.text(key) {
                note(key, text, origin, about, expects)
                if let value = parse(text) { return value }
                problems.append("\(key) is \"\(text)\" (from \(origin)); it must be \(expects)")
                return standard ?? placeholder
            }
        } catch {
            note(key, "", .builtIn, about, expects)
            problems.append("\(key) has several values; it must be \(expects)")
            return standard ?? placeholder
        }
        if let standard {
            note(key, show(standard), .builtIn, about, expects)
        } else {
            note(key, "", .builtIn, about, expects)
            problems.append(missing(key, about: about, expects: expects))
        }
        return standard ?? placeholder
    }

    /// A list: in YAML a sequence, elsewhere separated by commas. `parse` gives nil for an item that is not `expects`.
    package func list<T>(
        _ key: String, default standard: [T]? = nil, about: String, expects: String,
        show: (T) -> String, parse: (String) -> T?
    ) -> [T] {
        do {
            if let (items, origin) = try layers.list(key) {
                note(key, items.joined(separator: ", "), origin, about, "a list of \(expects)")
                let values = items.compactMap(parse)
                if values.count == items.count, !values.isEmpty { return values }
                let wrong = items.first { parse($0) == nil } ?? ""
                problems.append("\(key) has \"\(wrong)\" (from \(origin)); each item must be \(expects)")
                return standard ?? []
            }
        } catch {
            note(key, "", .builtIn, about, "a list of \(expects)")
            problems.append("\(key) cannot be read as a list of \(expects)")
            return standard ?? []
        }
        if let standard {
            note(key, standard.map(show).joined(separator: ", "), .builtIn, about, "a list of \(expects)")
        } else {
            note(key, "", .builtIn, about, "a list of \(expects)")
            problems.append(missing(key, about: about, expects: "a list of \(expects)"))
        }
        return standard ?? []
    }

    // MARK: - The end

    /// Notes a problem that a program found in values that are right by themselves.
    package func refuse(_ problem: String) { problems.append(problem) }

    /// Throws everything that is wrong, unknown keys included. Call after the last getter.
    package func finish() throws(SettingsError) {
        let known = Set(entries.map(\.key))
        for key in Set(layers.fileKeys + layers.overrideKeys).subtracting(known).sorted() {
            let place = layers.overrideKeys.contains(key) ? "--set" : filePath ?? ""
            problems.append("\(key) (from \(place)) is not a setting of this program\(hint(key, known))")
        }
        let names = Dictionary(known.map { (SettingsLayers.environmentName(of: $0), $0) }) { first, _ in first
        }
        for name in layers.environmentNames.sorted() where names[name] == nil {
            let text =
                "the environment variable \(name) is not a setting of this program\(hint(name, names.keys))"
            // Other programs share the prefix, so only a probable slip of the pen stops the start.
            if NearestKey.of(name, among: names.keys).map({ NearestKey.distance($0, name) <= 2 }) == true {
                problems.append(text)
            } else {
                warnings.append(text)
            }
        }
        try requireValues()
    }

    /// Throws what is wrong with the values asked for so far; unknown keys are left alone. For reading some settings
    /// again while the program runs.
    package func requireValues() throws(SettingsError) {
        if !problems.isEmpty { throw SettingsError(problems) }
    }

    private func hint(_ key: String, _ known: some Collection<String>) -> String {
        NearestKey.of(key, among: known).map { "; did you mean \($0)?" } ?? "; remove it"
    }

    func missing(_ key: String, about: String, expects: String) -> String {
        let name = SettingsLayers.environmentName(of: key)
        return
            "\(key) is missing: \(about) Set it in the settings file, as \(name) or with --set; it must be \(expects)"
    }

    func note(
        _ key: String, _ value: String, _ origin: SettingOrigin, _ about: String, _ expects: String
    ) {
        guard !entries.contains(where: { $0.key == key }) else { return }
        entries.append(Entry(key: key, value: value, origin: origin, about: about, expects: expects))
    }

    private func optional<T>(_ key: String, about: String, expects: String, parse: (String) -> T?) -> T? {
        do {
            guard let (text, origin) = try layers.text(key) else {
                note(key, "", .builtIn, about, expects)
                return nil
            }
            note(key, text, origin, about, expects)
            if let value = parse(text) { return value }
            problems.append("\(key) is \"\(text)\" (from \(origin)); it must be \(expects), or leave it out")
        } catch {
            note(key, "", .builtIn, about, expects)
            problems.append("\(key) has several values; it must be \(expects)")
        }
        return nil
    }

    private func resolved(_ path: String, of key: String) -> String {
        guard !path.isEmpty, !path.hasPrefix("/"), let filePath,
            case .file? = entries.first(where: { $0.key == key })?.origin,
            let slash = filePath.lastIndex(of: "/")
        else { return path }
        return String(filePath[...slash]) + path
    }
}
