import Configuration
import Glibc
import Synchronization

/// The three sources as swift-configuration snapshots, strongest first.
///
/// Two things are done around the library. It cannot list the keys of a file, so that an unknown key would go
/// unnoticed: the hook that asks for each key whether it is secret collects them. And it tells only through an access
/// reporter which source gave a value: the snapshots are asked one by one instead.
struct SettingsLayers {
    /// Largest settings file: a page or two of text, so a megabyte is a mistake.
    static let fileBytesMax = 1 << 20

    struct Layer {
        let snapshot: any ConfigSnapshot
        let origin: (String) -> SettingOrigin
        let prefix: [String]
    }

    let layers: [Layer]
    let fileKeys: [String]
    let overrideKeys: [String]
    let environmentNames: [String]

    init(_ sources: SettingsSources) throws(SettingsError) {
        let overrides = try Self.overrides(sources.overrides)
        let environment = sources.environment.filter { $0.key.hasPrefix(SettingsSources.environmentPrefix) }
        var layers = [
            Layer(
                snapshot: InMemoryProvider(values: overrides).snapshot(), origin: { _ in .flag }, prefix: []),
            Layer(
                snapshot: EnvironmentVariablesProvider(
                    environmentVariables: environment, secretsSpecifier: .all
                )
                .snapshot(),
                origin: { .environment(Self.environmentName(of: $0)) }, prefix: ["steward"]),
        ]
        var fileKeys: [String] = []
        if let path = sources.file {
            let (snapshot, keys) = try Self.file(path)
            layers.append(Layer(snapshot: snapshot, origin: { _ in .file(path) }, prefix: []))
            fileKeys = keys
        }
        self.layers = layers
        self.fileKeys = fileKeys
        self.overrideKeys = overrides.keys.map { $0.components.joined(separator: ".") }
        self.environmentNames = Array(environment.keys)
    }

    /// The strongest source's text for a key; nil when none has it. Throws when it is a list.
    func text(_ key: String) throws -> (String, SettingOrigin)? {
        for layer in layers {
            let found = try layer.snapshot.value(forKey: absolute(key, in: layer), type: .string)
            if case .string(let text)? = found.value?.content { return (text, layer.origin(key)) }
        }
        return nil
    }

    /// The strongest source's list for a key: a YAML sequence, or a text with commas.
    func list(_ key: String) throws -> ([String], SettingOrigin)? {
        for layer in layers {
            let absolute = absolute(key, in: layer)
            if case .stringArray(let items)? =
                (try? layer.snapshot.value(forKey: absolute, type: .stringArray))?.value?.content
            {
                return (items, layer.origin(key))
            }
            if case .string(let text)? = try layer.snapshot.value(forKey: absolute, type: .string).value?
                .content
            {
                return (SettingText.list(text), layer.origin(key))
            }
        }
        return nil
    }

    /// As the library encodes it: upper case, `_` for everything else and between a small letter and a capital one.
    static func environmentName(of key: String) -> String {
        var name = SettingsSources.environmentPrefix
        var previous: Character = "."
        for letter in key {
            if previous.isLowercase && letter.isUppercase { name += "_" }
            name += letter.isLetter || letter.isNumber ? letter.uppercased() : "_"
            previous = letter
        }
        return name
    }

    private func absolute(_ key: String, in layer: Layer) -> AbsoluteConfigKey {
        AbsoluteConfigKey(layer.prefix + key.split(separator: ".").map(String.init))
    }

    private static func overrides(
        _ arguments: [String]
    ) throws(SettingsError) -> [AbsoluteConfigKey: ConfigValue] {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for argument in arguments {
            guard let separator = argument.firstIndex(of: "="), separator != argument.startIndex else {
                throw SettingsError([
                    "--set \(argument): write it as --set key=value, as in --set log.level=debug"
                ])
            }
            let key = argument[..<separator].split(separator: ".").map(String.init)
            let value = String(argument[argument.index(after: separator)...])
            values[AbsoluteConfigKey(key)] = ConfigValue(.string(value), isSecret: true)
        }
        return values
    }

    private static func file(_ path: String) throws(SettingsError) -> (any ConfigSnapshot, [String]) {
        let bytes = try read(path)
        let keys = KeyCollector()
        do {
            let snapshot = try YAMLSnapshot(
                data: bytes.span.bytes, providerName: path,
                parsingOptions: .init(
                    secretsSpecifier: .dynamic { key, _ in
                        keys.add(key)
                        return true
                    }))
            return (snapshot, keys.all)
        } catch {
            // Only the first line: the parser quotes the place after it, and that may hold a secret.
            let reason = "\(error)".split(separator: "\n").first.map(String.init) ?? "not YAML"
            throw SettingsError(["\(path): \(reason) (the settings file is YAML: key: value)"])
        }
    }

    private static func read(_ path: String) throws(SettingsError) -> [UInt8] {
        do {
            return try SettingsFile.read(path, bytesMax: fileBytesMax)
        } catch {
            throw SettingsError(["\(path): \(error.reason); name another settings file with --config FILE"])
        }
    }
}

/// Collects keys while a file is parsed.
private final class KeyCollector: Sendable {
    private let keys = Mutex<[String]>([])
    func add(_ key: String) { keys.withLock { $0.append(key) } }
    var all: [String] { keys.withLock { $0 } }
}
