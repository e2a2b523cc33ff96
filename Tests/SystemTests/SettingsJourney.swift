import Foundation
import TestSteward
import Testing

extension SystemTests {
    /// An admin sets what the workspace goes by, now and from a day on, and takes it to another workspace as a file.
    @Suite(.serialized) struct SettingsJourney {
        @Test func settingsAreSetPlannedComparedAndTakenAlong() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let tool = try await workspace.commandLine()
            let set = try await tool.run(
                "settings", "set", "time-zone=Asia/Shanghai", "currency-code=CNY", "country-code=CN",
                "week-start=SUNDAY")
            #expect(set.code == 0 && set.output.contains("CNY"), "\(set)")
            let hours = try await tool.run("settings", "hours", "set", "monday-friday", "09:00-12:00", "13:00-18:00")
            #expect(hours.code == 0 && hours.output.contains("MONDAY-FRIDAY 09:00-12:00 13:00-18:00"), "\(hours)")
            let holidays = try await tool.run(
                "settings", "holiday", "add", "2026-10-01", "--to", "2026-10-07", "--name", "国庆节")
            #expect(holidays.code == 0 && holidays.output.contains("7 days"), "\(holidays)")
            let removed = try await tool.run("settings", "holiday", "remove", "2026-10-07")
            #expect(removed.code == 0, "\(removed)")
            let listed = try await tool.run("settings", "holiday", "list", "--output", "csv")
            #expect(listed.lines.count == 7 && listed.output.contains("2026-10-06,国庆节"), "\(listed)")

            let planned = try await tool.run(
                "settings", "set", "currency-code=EUR", "--from", "2028-01-01T00:00:00+08:00")
            #expect(planned.code == 0, "\(planned)")
            let now = try await tool.run("settings", "show", "--output", "json")
            let then = try await tool.run("settings", "show", "--at", "2028-01-02", "--output", "json")
            #expect(now.output.contains("CNY") && then.output.contains("EUR"), "\(now) \(then)")
            let versions = try await tool.run("settings", "versions")
            #expect(versions.lines.count == 7 && versions.output.contains("to come"), "\(versions)")
            let difference = try await tool.run("settings", "diff", "1", "6")
            #expect(difference.output.contains("EUR") && difference.output.contains("time_zone"), "\(difference)")
            let cancelled = try await tool.run("settings", "cancel", "6")
            #expect(cancelled.code == 0, "\(cancelled)")

            let night = try await tool.run("settings", "hours", "set", "monday", "22:00-06:00")
            #expect(night.code != 0 && night.errors.contains("24:00"), "\(night)")
            let unknown = try await tool.run("settings", "set", "time-zone=Mars/Olympus")
            #expect(unknown.code != 0 && unknown.errors.contains("IANA"), "\(unknown)")
            let past = try await tool.run("settings", "set", "currency-code=USD", "--from", "2020-01-01")
            #expect(past.code != 0 && past.errors.contains("a moment to come"), "\(past)")

            let file = NSTemporaryDirectory() + "settings-\(UUID().uuidString).yaml"
            defer { try? FileManager.default.removeItem(atPath: file) }
            let exported = try await tool.run("model", "export", "-o", file)
            #expect(exported.code == 0, "\(exported)")
            let second = try await steward.makeWorkspace()
            let other = try await second.commandLine()
            let shown = try await other.run("model", "diff", file)
            #expect(shown.output.contains("currency_code") && shown.output.contains("+ CNY"), "\(shown)")
            let applied = try await other.run("model", "apply", file)
            #expect(applied.code == 0, "\(applied)")
            let same = try await other.run("settings", "holiday", "list", "--output", "csv")
            #expect(same.output == listed.output, "\(same)")
            await workspace.close()
            await second.close()
        }
    }
}
