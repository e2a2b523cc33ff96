import Glibc

/// What is fuzzed. Each target takes any bytes; it ends the process when a promise of the code under test is broken.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// Frames and the parts of the envelope, as any client may send them.
    case frames
    /// Application messages: the checked walk and what protobuf-c unpacks.
    case messages
    /// Filters in both forms, and sort orders.
    case filters
    /// The settings file, the environment and `--set`.
    case settings
    /// Trace parents, callers' tokens, page tokens, and the texts of ids, times and stored records.
    case tokens
    /// A server's connection, over TLS, with a sequence of frames.
    case connection

    /// Environment variable that names the target of a fuzzing process.
    static let variable = "STEWARD_FUZZ_TARGET"

    /// The target of this process.
    static let chosen: FuzzTarget = {
        let name = getenv(variable).map { String(cString: $0) } ?? ""
        guard let target = FuzzTarget(rawValue: name) else {
            let names = allCases.map(\.rawValue).joined(separator: ", ")
            fatalError("\(variable) is \"\(name)\"; it must be one of \(names)")
        }
        return target
    }()

    package func run(_ bytes: UnsafeRawBufferPointer) {
        switch self {
        case .frames: Frames.run(bytes)
        case .messages: Messages.run(bytes)
        case .settings: SettingsInput.run(bytes)
        case .connection: ConnectionInput.run(bytes)
        #if DEBUG
            case .filters: Filters.run(bytes)
            case .tokens: Tokens.run(bytes)
        #else
            // They reach into Records by @testable, which a release build does not have.
            case .filters, .tokens: fatalError("\(rawValue) is fuzzed in a debug build")
        #endif
        }
    }
}

/// The entry that libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    FuzzTarget.chosen.run(UnsafeRawBufferPointer(start: start, count: count))
    return 0
}

/// Ends the process when a promise is broken; holds in every kind of build.
func require(_ condition: @autoclosure () -> Bool, _ promise: @autoclosure () -> String) {
    guard condition() else { fatalError("broken promise: \(promise())") }
}
