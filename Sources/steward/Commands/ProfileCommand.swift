import ArgumentParser
import IdentityContracts
import RPC
import StewardClient

/// What is the caller's own to set. Admins set it for others with steward user update.
struct ProfileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile", abstract: "Your own settings: language, time zone and summaries.",
        subcommands: [Set.self])

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Changes your own settings, and leaves those alone that are not named.",
            discussion: """
                steward whoami shows them. The view that a list opens with is a saved view of yours: steward view --help

                Examples:
                  steward profile set --language zh-CN --time-zone Asia/Shanghai
                  steward profile set --time-zone none
                  steward profile set --digest weekly
                """)

        @OptionGroup var connection: ConnectionOptions
        @Option(help: "IETF language tag, as in zh-CN; none for no language of your own.") var language: String?
        @Option(help: "Name of a time zone, as in Europe/Berlin; none for that of the workspace.") var timeZone: String?

        @Option(help: "How often you want a summary: daily, weekly or none.") var digest: String?

        private static let frequencies: [String: DigestFrequency] = ["daily": .daily, "weekly": .weekly]

        func validate() throws {
            guard language != nil || timeZone != nil || digest != nil else {
                throw ValidationError("give --language, --time-zone or --digest")
            }
            if let digest, digest != "none", Self.frequencies[digest] == nil {
                throw ValidationError("--digest is daily, weekly or none, not \(digest)")
            }
        }

        func run() async throws {
            let given = [("language_code", language), ("time_zone", timeZone), ("digest", digest)].filter {
                $0.1 != nil
            }
            func value(_ text: String?) -> String? { text == "none" ? nil : text }
            let steward = try await connection.connectSignedIn()
            let settings = try await steward.authentication.updateSelf(
                UpdateSelfRequest(
                    settings: PersonalSettings(
                        languageCode: value(language), timeZone: value(timeZone),
                        digest: digest.flatMap { Self.frequencies[$0] }),
                    updateMask: given.map(\.0)), options: .write()
            ).settings
            let frequency = Self.frequencies.first { $0.value == settings?.digest }?.key
            for (name, text) in [
                ("language_code", settings?.languageCode), ("time_zone", settings?.timeZone), ("digest", frequency),
            ] {
                Terminal.line("\(Style.dim(TextWidth.padded(name, to: 13)))  \(text ?? "none")")
            }
        }
    }
}
