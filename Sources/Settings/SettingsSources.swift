/// Where settings come from, weakest first: the file, the environment, the flags.
package struct SettingsSources: Sendable {
    /// Names of environment variables begin with it: `callerKeys.sales` is `STEWARD_CALLER_KEYS_SALES`.
    package static let environmentPrefix = "STEWARD_"

    /// Path of a YAML file; nil for none.
    package var file: String?
    /// The variables; those without the prefix are ignored.
    package var environment: [String: String]
    /// Arguments of `--set`, each `key=value`; the last of the same key wins.
    package var overrides: [String]

    package init(file: String? = nil, environment: [String: String] = [:], overrides: [String] = []) {
        self.file = file
        self.environment = environment
        self.overrides = overrides
    }
}

/// Where a value came from; said with every problem and in the effective settings.
enum SettingOrigin: Hashable, Sendable, CustomStringConvertible {
    case flag
    case environment(String)
    case file(String)
    case builtIn

    var description: String {
        switch self {
        case .flag: "--set"
        case .environment(let name): name
        case .file(let path): path
        case .builtIn: "default"
        }
    }
}
