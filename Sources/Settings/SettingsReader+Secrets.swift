extension SettingsReader {
    /// A secret that must be given: in place under `key`, or in the file that `key_file` names.
    package func secret(_ key: String, about: String) -> Secret {
        if let secret = optionalSecret(key, about: about) { return secret }
        if !problems.contains(where: { $0.hasPrefix("\(key)_file") || $0.hasPrefix("\(key) ") }) {
            refuse(
                missing(key, about: about, expects: "text; better put it into a file and set \(key)_file"))
        }
        return Secret("")
    }

    /// A secret that may be missing.
    package func optionalSecret(_ key: String, about: String) -> Secret? {
        let inline = try? layers.text(key)
        let file = optionalPath("\(key)_file", about: "File with \(key), readable by the program alone.")
        note(key, inline == nil ? "" : Secret("").description, inline?.1 ?? .builtIn, about, "a secret")
        if inline?.1 == .flag {
            warnings.append(
                "\(key) was given with --set, where other users of the machine can see it; use \(key)_file")
        }
        switch (inline, file) {
        case (.some, .some):
            refuse("\(key) and \(key)_file are both set; keep one of them")
            return nil
        case (let (text, _)?, nil): return text.isEmpty ? nil : Secret(text)
        case (nil, let path?): return secret(inFile: path, key: "\(key)_file")
        case (nil, nil): return nil
        }
    }

    /// A secret that is always in a file: the value of `key` is the path.
    package func secretFile(_ key: String, about: String) -> Secret {
        let path = path(key, about: about)
        return path.isEmpty ? Secret("") : secret(inFile: path, key: key) ?? Secret("")
    }

    private func secret(inFile path: String, key: String) -> Secret? {
        do {
            let bytes = try SettingsFile.read(path, bytesMax: 65_536)
            let text = String(decoding: bytes, as: UTF8.self)
            let trimmed = text.hasSuffix("\n") ? String(text.dropLast()) : text
            if !trimmed.isEmpty { return Secret(trimmed) }
            refuse("\(key): \(path) is empty; write the secret into it")
        } catch {
            refuse("\(key): cannot read \(path): \(error.reason); check the path and its owner")
        }
        return nil
    }
}
