import Contracts
import IdentityContracts
import RPC
import Reactor
import Tenancy
import TestService
import Testing
import Text

@testable import IdentityService

/// What a workspace sets for itself.
@Suite(.serialized) struct SettingsTests {
    private func settings(_ workspace: Workspace, as user: UserID? = nil, requestID: String? = nil)
        -> SettingsServiceClient
    {
        SettingsServiceClient(channel: workspace.channel(as: user, requestID: requestID))
    }

    private func set(
        _ workspace: Workspace, _ values: WorkspaceSettings, _ mask: [String] = [], as user: UserID? = nil
    ) async throws -> WorkspaceSettings {
        let answer = try await settings(workspace, as: user).updateSettings(
            UpdateSettingsRequest(settings: values, updateMask: mask))
        return try #require(answer.settings)
    }

    @Test func aWorkspaceBeginsWithDefaultsAndKeepsWhatItSets() async throws {
        try await inWorkspace { _, workspace in
            let first = try await settings(workspace).getSettings(GetSettingsRequest()).settings
            #expect(first == WorkspaceSettings(version: 1, timeZone: "UTC"))
            let epoch = try await workspace.epoch()
            let changed = try await set(workspace, WorkspaceSettings(timeZone: "Asia/Shanghai", readRowsPerDayMax: 500))
            #expect(changed.version == 2 && changed.timeZone == "Asia/Shanghai" && changed.readRowsPerDayMax == 500)
            let read = try await settings(workspace).getSettings(GetSettingsRequest()).settings
            #expect(read == changed)
            #expect(try await workspace.policy().settings == changed)
            #expect(try await workspace.epoch() == epoch + 1)
            let cleared = try await set(workspace, WorkspaceSettings(), ["read_rows_per_day_max"])
            #expect(cleared.version == 3 && cleared.readRowsPerDayMax == nil && cleared.timeZone == "Asia/Shanghai")
            let kept = try await set(workspace, WorkspaceSettings(deletedRecordsKeptDays: 30))
            #expect(kept.version == 4 && kept.deletedRecordsKeptDays == 30)
            #expect(try await workspace.policy().settings == kept)
            let forEver = try await set(workspace, WorkspaceSettings(), ["deleted_records_kept_days"])
            #expect(forEver.version == 5 && forEver.deletedRecordsKeptDays == nil)
        }
    }

    /// The list of names may be newer than the machine's ICU, by which jobs find their hours.
    @Test func aTimeZoneThatTheServerCannotReckonWithIsRefused() throws {
        let isKnown = TimeZone("America/Coyhaique") != nil
        let request = UpdateSettingsRequest(settings: WorkspaceSettings(timeZone: "America/Coyhaique"))
        var refusal: RPCError?
        do { _ = try SettingsUpdate(request) } catch let error as RPCError { refusal = error }
        #expect((refusal == nil) == isKnown)
        #expect(isKnown || refusal?.message.contains("libicu") == true)
    }

    @Test func eachChangeLeavesALedgerRowAndNoneWhereNothingChanges() async throws {
        try await inWorkspace { identity, workspace in
            _ = try await set(workspace, WorkspaceSettings(timeZone: "Asia/Shanghai"))
            _ = try await set(workspace, WorkspaceSettings(timeZone: "Asia/Shanghai"))
            let rows = try await identity.tamper(
                """
                SELECT concat_ws(' ', record_version, actor_id, before ->> 'time_zone', after ->> 'time_zone', method)
                FROM \(workspace.schema).ledger WHERE object = 'settings' AND record_id = '\(workspace.id)'
                """)
            let expected = "2 \(workspace.adminID) UTC Asia/Shanghai steward.identity.v1.SettingsService/UpdateSettings"
            #expect(rows == [expected])
            let marks = try await identity.count(
                "SELECT count(*) FROM directory.policy_marks WHERE tenant_id = '\(workspace.id)'")
            #expect(marks == 0)
        }
    }

    /// Whoever waits for the row of the settings has no connection on which the one before him depends.
    @Test func manyWhoShortenTheTimeAtOnceWaitForNothingElse() async throws {
        try await inWorkspace { _, workspace in
            _ = try await set(workspace, WorkspaceSettings(deletedRecordsKeptDays: 3000))
            let start = MonotonicTime.now()
            let refusals = await withTaskGroup(of: String?.self) { group in
                for number in 1...12 {
                    group.addTask(executorPreference: EventLoop.current) {
                        let wanted = WorkspaceSettings(deletedRecordsKeptDays: Int64(2000 - number * 10))
                        do {
                            _ = try await self.set(workspace, wanted)
                            return nil
                        } catch {
                            return "\(error)"
                        }
                    }
                }
                return await group.reduce(into: [String]()) { if let refusal = $1 { $0.append(refusal) } }
            }
            #expect(refusals.isEmpty)
            // A connection that cannot be had is waited for three seconds.
            #expect(MonotonicTime.now() - start < 3_000_000_000)
        }
    }

    @Test func whoLacksTheRightReadsThemAndChangesNothing() async throws {
        try await inWorkspace { _, workspace in
            let rep = try await workspace.makeUser("rep", roles: [try await workspace.roleID("Sales rep")])
            let read = try await settings(workspace, as: rep).getSettings(GetSettingsRequest()).settings
            #expect(read?.timeZone == "UTC")
            let refused = try await reason { _ = try await set(workspace, WorkspaceSettings(timeZone: "UTC"), as: rep) }
            #expect(refused == "PERMISSION_MISSING")
            let shortened = try await reason {
                _ = try await set(workspace, WorkspaceSettings(deletedRecordsKeptDays: 30), as: rep)
            }
            #expect(shortened == "PERMISSION_MISSING")
            let role = try await workspace.makeRole("Keeper", [grant("settings", "update", .all)])
            let keeper = try await workspace.makeUser("keeper", roles: [role])
            #expect(try await set(workspace, WorkspaceSettings(timeZone: "Europe/Paris"), as: keeper).version == 2)
            // Who has deleted records go earlier needs the right to do away with them; who keeps them longer does not.
            let erases = try await reason {
                _ = try await set(workspace, WorkspaceSettings(deletedRecordsKeptDays: 3_650), as: keeper)
            }
            #expect(erases == "PERMISSION_MISSING")
            _ = try await set(workspace, WorkspaceSettings(deletedRecordsKeptDays: 100))
            let earlier = try await reason {
                _ = try await set(workspace, WorkspaceSettings(deletedRecordsKeptDays: 99), as: keeper)
            }
            #expect(earlier == "PERMISSION_MISSING")
            let longer = try await set(workspace, WorkspaceSettings(deletedRecordsKeptDays: 101), as: keeper)
            #expect(longer.deletedRecordsKeptDays == 101)
            let forEver = try await set(workspace, WorkspaceSettings(), ["deleted_records_kept_days"], as: keeper)
            #expect(forEver.deletedRecordsKeptDays == nil)
            let unknown = try await reason {
                _ = try await workspace.makeRole("X", [grant("settings", "export", .all)])
            }
            #expect(unknown == "GRANT_INVALID")
        }
    }

    @Test func anotherVersionAndWrongValuesAreRefused() async throws {
        try await inWorkspace { _, workspace in
            let wrong: [(WorkspaceSettings, [String], String)] = [
                (WorkspaceSettings(timeZone: "CET"), [], "INVALID_FORMAT"),
                (WorkspaceSettings(readRowsPerDayMax: -1), [], "OUT_OF_RANGE"),
                (WorkspaceSettings(timeZone: "UTC"), ["version"], "FIELD_UNKNOWN"),
                (WorkspaceSettings(deletedRecordsKeptDays: -1), [], "OUT_OF_RANGE"),
                (WorkspaceSettings(deletedRecordsKeptDays: 0), [], "OUT_OF_RANGE"),
                (WorkspaceSettings(deletedRecordsKeptDays: 29), [], "OUT_OF_RANGE"),
                (WorkspaceSettings(deletedRecordsKeptDays: 3_651), [], "OUT_OF_RANGE"),
                (WorkspaceSettings(deletedRecordsKeptDays: 1_000_000_000), [], "OUT_OF_RANGE"),
                (WorkspaceSettings(currencyCode: "eur"), [], "INVALID_FORMAT"),
                (WorkspaceSettings(countryCode: "XX"), [], "INVALID_FORMAT"),
                (WorkspaceSettings(languageCode: "中文"), [], "INVALID_FORMAT"),
                (WorkspaceSettings(weekStart: DayOfWeek(rawValue: 9)), [], "UNKNOWN_VALUE"),
                (WorkspaceSettings(version: 7, timeZone: "Asia/Tokyo"), [], "VERSION_CONFLICT"),
            ]
            for (values, mask, expected) in wrong {
                let refused = try await reason { _ = try await set(workspace, values, mask) }
                #expect(refused == expected)
            }
            let read = try await settings(workspace).getSettings(GetSettingsRequest()).settings
            #expect(read?.version == 1)
        }
    }

    @Test func aRepetitionIsAnsweredAndNotDone() async throws {
        try await inWorkspace { _, workspace in
            let request = UpdateSettingsRequest(settings: WorkspaceSettings(version: 1, timeZone: "Asia/Tokyo"))
            let once = settings(workspace, requestID: "set-once")
            let first = try await once.updateSettings(request).settings
            let again = try await once.updateSettings(request).settings
            #expect(first?.version == 2 && again == first)
        }
    }
}
