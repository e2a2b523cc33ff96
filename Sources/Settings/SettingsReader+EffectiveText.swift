extension SettingsReader {
    /// All settings with meaning, range, value and origin, as a settings file that can be used; secrets show as dots,
    /// and what is not set is commented out.
    package var effectiveText: String {
        var text = ""
        for entry in entries {
            let isSet = !(entry.value.isEmpty && entry.origin == .builtIn)
            text +=
                "# \(entry.about)\n# Expects \(entry.expects). From: \(isSet ? "\(entry.origin)" : "not set").\n"
            text += isSet ? "\(entry.key): \(Self.quoted(entry.value))\n\n" : "#\(entry.key):\n\n"
        }
        return text
    }

    /// Plain where YAML takes it as text or number without doubt, in single quotes otherwise.
    private static func quoted(_ value: String) -> String {
        let isPlain =
            value.first.map { $0.isLetter || $0.isNumber || $0 == "/" } == true
            && value.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/._-:%".contains($0)) }
            && !value.hasSuffix(":")
        if isPlain { return value }
        return "'" + value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
            + "'"
    }
}
