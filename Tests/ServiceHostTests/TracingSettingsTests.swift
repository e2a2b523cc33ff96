import Settings
import Tenancy
import Testing

@testable import ServiceHost

@Suite struct TracingSettingsTests {
    private func tracing(_ overrides: String...) throws -> (HostSettings.TracingSettings, problems: String) {
        let reader = try SettingsReader(SettingsSources(overrides: overrides))
        let settings = HostSettings(.gateway, reader)
        do {
            try reader.finish()
            return (settings.tracing, "")
        } catch { return (settings.tracing, "\(error)") }
    }

    @Test func nothingIsRecordedByDefault() throws {
        let (tracing, _) = try tracing()
        #expect(tracing.file.isEmpty && tracing.sample == 0 && tracing.fileBytesMax == 64 << 20)
    }

    @Test(arguments: ["-0.1", "1.1", "nan", "half"])
    func aRatioIsFromNoneToAll(_ text: String) throws {
        #expect(try tracing("tracing.sample=\(text)").problems.contains("tracing.sample"))
        #expect(try tracing("tracing.sample=0.25").0.sample == 0.25)
    }
}
