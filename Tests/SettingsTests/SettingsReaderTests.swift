import Foundation
import Settings
import Testing

@Suite struct SettingsReaderTests {
    private func reader(
        _ yaml: String? = nil, environment: [String: String] = [:], overrides: [String] = []
    ) throws -> SettingsReader {
        guard let yaml else {
            return try SettingsReader(SettingsSources(environment: environment, overrides: overrides))
        }
        let path = NSTemporaryDirectory() + "settings-\(UUID().uuidString).yaml"
        try Data(yaml.utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try SettingsReader(
            SettingsSources(file: path, environment: environment, overrides: overrides))
    }

    private func problems(of reader: SettingsReader) -> [String] {
        do {
            try reader.finish()
            return []
        } catch { return error.problems }
    }

    @Test func flagsWinOverEnvironmentOverFile() throws {
        let yaml = "database:\n  pool_size: 1\n  name: file\nplain: file\n"
        let settings = try reader(
            yaml,
            environment: ["STEWARD_DATABASE_POOL_SIZE": "2", "STEWARD_PLAIN": "environment", "OTHER": "x"],
            overrides: ["database.pool_size=3"])
        #expect(settings.int("database.pool_size", in: 1...9, about: "") == 3)
        #expect(settings.string("plain", about: "") == "environment")
        #expect(settings.string("database.name", about: "") == "file")
        #expect(settings.string("absent", default: "standard", about: "") == "standard")
        #expect(problems(of: settings) == [])
    }

    @Test func camelCaseKeysHaveUnderscoresInTheEnvironment() throws {
        let settings = try reader(environment: ["STEWARD_CALLER_KEYS_SALES": "a", "STEWARD_POOL_SIZE": "b"])
        #expect(settings.string("callerKeys.sales", about: "") == "a")
        #expect(settings.string("pool_size", about: "") == "b")
        #expect(problems(of: settings) == [] && settings.warnings == [])
    }

    @Test func readsEveryType() throws {
        let yaml = """
            wait: 250ms
            size: 64KiB
            on: yes
            listen:
              - 127.0.0.1:1
              - 127.0.0.1:2
            """
        let settings = try reader(yaml)
        #expect(settings.duration("wait", in: .zero ... .seconds(1), about: "") == .milliseconds(250))
        #expect(settings.byteCount("size", in: 1...(1 << 20), about: "") == 65_536)
        #expect(settings.bool("on", default: false, about: ""))
        let addresses = settings.list("listen", about: "", expects: "text", show: { $0 }) { $0 }
        #expect(addresses == ["127.0.0.1:1", "127.0.0.1:2"])
        #expect(problems(of: settings) == [])
    }

    @Test func listsOutsideTheFileHaveCommas() throws {
        let settings = try reader(environment: ["STEWARD_PEERS": "a, b"], overrides: ["others=c,d"])
        #expect(settings.list("peers", about: "", expects: "text", show: { $0 }) { $0 } == ["a", "b"])
        #expect(settings.list("others", about: "", expects: "text", show: { $0 }) { $0 } == ["c", "d"])
    }

    @Test func tellsEverythingThatIsWrongAtOnce() throws {
        let settings = try reader("size: 5\nwait: 5 parsecs\nlist: [1, 2]\n")
        #expect(settings.int("size", default: 1, in: 1...4, unit: "loops", about: "") == 1)
        _ = settings.duration("wait", default: .seconds(1), in: .zero ... .seconds(9), about: "")
        _ = settings.string("list", about: "")
        _ = settings.string("needed", about: "The thing.")
        let all = problems(of: settings)
        try #require(all.count == 4)
        #expect(all[0].contains("size is \"5\"") && all[0].contains("1 to 4 loops"))
        #expect(all[1].contains("5 parsecs") && all[1].contains("as in 250ms"))
        #expect(all[2].contains("list has several values"))
        #expect(all[3].contains("The thing.") && all[3].contains("STEWARD_NEEDED"))
    }

    @Test func refusesUnknownKeysAndSuggestsTheNearest() throws {
        let settings = try reader(
            "databse:\n  pool_size: 1\nzebra: 1\n", environment: ["STEWARD_LISTN": "x", "STEWARD_HOME": "/"],
            overrides: ["log.levle=debug"])
        _ = settings.int("database.pool_size", default: 1, in: 1...9, about: "")
        _ = settings.string("log.level", default: "info", about: "")
        _ = settings.string("listen", default: "a", about: "")
        let all = problems(of: settings)
        try #require(all.count == 4)
        #expect(all[0].contains("databse.pool_size") && all[0].contains("did you mean database.pool_size?"))
        #expect(all[1].contains("log.levle") && all[1].contains("--set"))
        #expect(all[2].contains("zebra") && all[2].contains("remove it"))
        #expect(all[3].contains("STEWARD_LISTN") && all[3].contains("STEWARD_LISTEN"))
        #expect(settings.warnings.contains { $0.contains("STEWARD_HOME") })
    }

    @Test func secretsComeFromTextOrFileAndDoNotPrint() throws {
        let path = NSTemporaryDirectory() + "secret-\(UUID().uuidString)"
        try Data("from file\n".utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let settings = try reader("a: hunter2\nb_file: \(path)\nc: hunter2\nc_file: \(path)\n")
        #expect(settings.secret("a", about: "").reveal() == "hunter2")
        #expect(settings.secret("b", about: "").reveal() == "from file")
        _ = settings.optionalSecret("c", about: "")
        #expect(settings.optionalSecret("d", about: "") == nil)
        _ = settings.secret("e", about: "")
        let all = problems(of: settings)
        #expect(all.contains { $0.contains("c and c_file are both set") })
        #expect(all.contains { $0.contains("e is missing") })
        #expect(!all.joined().contains("hunter2"))
        #expect(!settings.effectiveText.contains("hunter2"))
        #expect(settings.effectiveText.contains("a: '•••'"))
    }

    @Test func aSecretOnTheCommandLineIsWarnedOf() throws {
        let settings = try reader(overrides: ["a=hunter2"])
        #expect(settings.secret("a", about: "").reveal() == "hunter2")
        #expect(settings.warnings.contains { $0.contains("a_file") })
    }

    @Test func secretsArePlainlyUnprintable() {
        let secret = Secret("hunter2")
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!"\(secret) \(String(reflecting: secret)) \(dumped) \([secret])".contains("hunter2"))
    }

    @Test func relativePathsInTheFileStartAtTheFile() throws {
        let settings = try reader("inside: tls/a.pem\nabsolute: /b.pem\n", overrides: ["outside=c.pem"])
        #expect(settings.path("inside", about: "").hasPrefix("/"))
        #expect(settings.path("inside", about: "").hasSuffix("/tls/a.pem"))
        #expect(settings.path("absolute", about: "") == "/b.pem")
        #expect(settings.path("outside", about: "") == "c.pem")
    }

    @Test func theEffectiveTextIsASettingsFile() throws {
        let settings = try reader("name: \"it's a 'name': #1\"\nwait: 5s\n")
        func read(_ settings: SettingsReader) -> [String] {
            [
                settings.string("name", about: "A name."),
                SettingText.format(settings.duration("wait", in: .zero ... .seconds(9), about: "A wait.")),
                settings.optionalString("absent", about: "Nothing.") ?? "none",
            ]
        }
        let values = read(settings)
        let again = try reader(settings.effectiveText)
        #expect(read(again) == values)
        #expect(problems(of: again) == [])
    }

    @Test func aBrokenFileIsNamedWithoutItsContents() {
        #expect {
            try reader("password: hunter2\n  bad: [\n")
        } throws: { error in
            "\(error)".contains(".yaml") && !"\(error)".contains("hunter2")
        }
        #expect {
            try SettingsReader(SettingsSources(file: "/nowhere.yaml"))
        } throws: { error in
            "\(error)".contains("/nowhere.yaml: No such file") && "\(error)".contains("--config")
        }
    }

    @Test func anOverrideNeedsAnEqualsSign() {
        #expect(throws: SettingsError.self) { try SettingsReader(SettingsSources(overrides: ["log.level"])) }
    }
}
