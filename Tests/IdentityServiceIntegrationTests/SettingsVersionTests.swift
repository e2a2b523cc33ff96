import AccessControl
import Contracts
import IdentityContracts
import RPC
import ServiceHost
import Tenancy
import TestService
import Testing
import WorkingTime

@testable import IdentityService

private typealias WorkspaceSettings = Contracts.WorkspaceSettings

/// Settings that hold from a moment on, and what became of them.
@Suite(.serialized) struct SettingsVersionTests {
    private func client(_ workspace: Workspace, as user: UserID? = nil) -> SettingsServiceClient {
        SettingsServiceClient(channel: workspace.channel(as: user))
    }

    private func ahead(_ days: Int) -> Timestamp { .now().advanced(by: .seconds(86_400 * days)) }

    private func set(
        _ workspace: Workspace, _ values: WorkspaceSettings, from moment: Timestamp? = nil, _ mask: [String] = [],
        preview: Bool? = nil, as user: UserID? = nil
    ) async throws -> WorkspaceSettings {
        let answer = try await client(workspace, as: user).updateSettings(
            UpdateSettingsRequest(settings: values, updateMask: mask, effectiveTime: moment, preview: preview))
        return try #require(answer.settings)
    }

    private func get(_ workspace: Workspace, at moment: Timestamp? = nil) async throws -> WorkspaceSettings {
        try #require(try await client(workspace).getSettings(GetSettingsRequest(time: moment)).settings)
    }

    @Test func whatIsToComeHoldsFromItsMomentAndKeepsWhatChangesBeforeIt() async throws {
        try await inWorkspace { _, workspace in
            let later = try await set(workspace, WorkspaceSettings(currencyCode: "EUR"), from: ahead(10))
            let sooner = try await set(workspace, WorkspaceSettings(countryCode: "DE"), from: ahead(5))
            let now = try await set(workspace, WorkspaceSettings(currencyCode: "CNY", languageCode: "zh-CN"))
            #expect(later.version == 2 && sooner.version == 3 && now.version == 4)
            #expect(sooner.currencyCode == nil && now.countryCode == nil)
            let present = try await get(workspace)
            let between = try await get(workspace, at: ahead(6))
            let after = try await get(workspace, at: ahead(11))
            #expect(present == now && between.version == 3 && after.version == 2)
            #expect(between.currencyCode == "CNY" && between.countryCode == "DE" && between.languageCode == "zh-CN")
            #expect(after.currencyCode == "EUR" && after.countryCode == "DE" && after.languageCode == "zh-CN")
            let policy = try await workspace.policy()
            #expect(policy.settings == now && policy.upcomingSettings == [between, after])
            let snapshot = try #require(PolicySnapshot(policy))
            #expect(snapshot.settings.currency == "CNY" && snapshot.settings(at: ahead(11)).currency == "EUR")
        }
    }

    @Test func aChangeIsTakenBackUntilItHolds() async throws {
        try await inWorkspace { _, workspace in
            let first = try await set(workspace, WorkspaceSettings(currencyCode: "EUR"), from: ahead(5))
            _ = try await set(workspace, WorkspaceSettings(countryCode: "DE"), from: ahead(10))
            let answer = try await client(workspace).cancelSettingsVersion(
                CancelSettingsVersionRequest(version: first.version))
            #expect(answer.version?.cancelTime != nil && answer.version?.upcoming == nil)
            let after = try await get(workspace, at: ahead(11))
            #expect(after.currencyCode == nil && after.countryCode == "DE")
            let held = try await reason {
                _ = try await client(workspace).cancelSettingsVersion(CancelSettingsVersionRequest(version: 1))
            }
            let unknown = try await reason {
                _ = try await client(workspace).cancelSettingsVersion(CancelSettingsVersionRequest(version: 77))
            }
            #expect(held == "SETTINGS_IN_FORCE" && unknown == "VERSION_UNKNOWN")
            // The number of what was taken back, and of taking it back, is not given again.
            let next = try await set(workspace, WorkspaceSettings(currencyCode: "USD"))
            #expect(next.version == 5)
        }
    }

    @Test func versionsAreListedAndCompared() async throws {
        try await inWorkspace { _, workspace in
            let calendar = WorkingCalendar(
                hours: [WeeklyHours(day: .monday, start: "09:00", end: "12:00")],
                days: [SpecialDay(date: "2026-10-01", displayName: "国庆节")])
            _ = try await set(workspace, WorkspaceSettings(currencyCode: "EUR", workingCalendar: calendar))
            _ = try await set(workspace, WorkspaceSettings(countryCode: "DE"), from: ahead(10))
            var (versions, token): ([SettingsVersion], String?) = ([], nil)
            repeat {
                let page = try await client(workspace).listSettingsVersions(
                    ListSettingsVersionsRequest(pageSize: 2, pageToken: token))
                versions += page.versions
                token = page.nextPageToken
            } while token != nil
            #expect(versions.map { $0.settings?.version } == [3, 2, 1])
            #expect(versions.map(\.changedFields) == [["country_code"], ["currency_code", "working_calendar"], []])
            #expect(versions.map(\.upcoming) == [true, nil, nil])
            #expect(versions.map(\.userID) == [workspace.adminID.description, workspace.adminID.description, nil])
            let changes = try await client(workspace).compareSettingsVersions(
                CompareSettingsVersionsRequest(version: 1)
            ).changes
            #expect(changes.map(\.field) == ["currency_code", "working_calendar"])
            #expect(changes.map(\.added) == [["EUR"], ["MONDAY 09:00 12:00", "2026-10-01 国庆节"]])
            let same = try await client(workspace).compareSettingsVersions(
                CompareSettingsVersionsRequest(version: 2, otherVersion: 2))
            #expect(same.changes.isEmpty)
            let unknown = try await reason {
                _ = try await client(workspace).compareSettingsVersions(CompareSettingsVersionsRequest(version: 9))
            }
            let token2 = try await reason {
                _ = try await client(workspace).listSettingsVersions(ListSettingsVersionsRequest(pageToken: "x"))
            }
            #expect(unknown == "VERSION_UNKNOWN" && token2 == "PAGE_TOKEN_INVALID")
        }
    }

    @Test func momentsThatCannotBeMeantAreRefused() async throws {
        try await inWorkspace { _, workspace in
            for moment in [Timestamp.now().advanced(by: .seconds(-60)), ahead(1_101), Timestamp(microseconds: .min)] {
                let refused = try await reason {
                    _ = try await set(workspace, WorkspaceSettings(currencyCode: "EUR"), from: moment)
                }
                #expect(refused == "OUT_OF_RANGE")
            }
            for day in 1...5 {
                _ = try await set(workspace, WorkspaceSettings(readRowsPerDayMax: Int64(day)), from: ahead(day))
            }
            let sixth = try await reason {
                _ = try await set(workspace, WorkspaceSettings(readRowsPerDayMax: 6), from: ahead(6))
            }
            #expect(sixth == "SETTINGS_CHANGES_TOO_MANY")
            #expect(try await set(workspace, WorkspaceSettings(readRowsPerDayMax: 7)).version == 7)
        }
    }

    /// Of two who read the same version the second is told; who changes what holds at another time is in nobody's way.
    @Test func twoAdminsAtOnceAreToldOfEachOther() async throws {
        try await inWorkspace { _, workspace in
            let read = try await get(workspace).version
            _ = try await set(workspace, WorkspaceSettings(version: read, currencyCode: "EUR"))
            let second = try await reason {
                _ = try await set(workspace, WorkspaceSettings(version: read, countryCode: "DE"))
            }
            #expect(second == "VERSION_CONFLICT")
            let planned = try await reason {
                _ = try await set(workspace, WorkspaceSettings(version: read, countryCode: "DE"), from: ahead(3))
            }
            #expect(planned == "VERSION_CONFLICT")
            let later = try await set(workspace, WorkspaceSettings(version: 2, countryCode: "DE"), from: ahead(3))
            #expect(try await set(workspace, WorkspaceSettings(version: 2, countryCode: "FR")).version == 4)
            #expect(later.version == 3)
        }
    }

    @Test func aPreviewChangesNothing() async throws {
        try await inWorkspace { _, workspace in
            let epoch = try await workspace.epoch()
            let shown = try await set(workspace, WorkspaceSettings(currencyCode: "EUR"), from: ahead(1), preview: true)
            #expect(shown.currencyCode == "EUR" && shown.version == 2)
            #expect(try await get(workspace, at: ahead(2)).version == 1)
            #expect(try await workspace.epoch() == epoch)
            let rep = try await workspace.makeUser("rep", roles: [try await workspace.roleID("Sales rep")])
            let refused = try await reason {
                _ = try await set(workspace, WorkspaceSettings(currencyCode: "EUR"), preview: true, as: rep)
            }
            let cancels = try await reason {
                _ = try await client(workspace, as: rep).cancelSettingsVersion(CancelSettingsVersionRequest(version: 1))
            }
            #expect(refused == "PERMISSION_MISSING" && cancels == "PERMISSION_MISSING")
        }
    }

    @Test func calendarsThatCannotBeAreRefusedWithTheirPlace() async throws {
        try await inWorkspace { _, workspace in
            let monday = WeeklyHours(day: .monday, start: "09:00", end: "17:00")
            let wrong: [(WorkingCalendar, String, String)] = [
                (WorkingCalendar(), "REQUIRED", "hours"),
                (
                    WorkingCalendar(hours: [monday, WeeklyHours(day: .monday, start: "16:59", end: "18:00")]),
                    "HOURS_OVERLAP", "hours[1]"
                ),
                (
                    WorkingCalendar(hours: [WeeklyHours(day: .monday, start: "22:00", end: "06:00")]), "OUT_OF_RANGE",
                    "hours[0].end"
                ),
                (
                    WorkingCalendar(hours: [WeeklyHours(day: .monday, start: "9:00", end: "17:00")]), "INVALID_TIME",
                    "hours[0].start"
                ),
                (
                    WorkingCalendar(hours: [WeeklyHours(day: .monday, start: "23:00", end: "24:01")]), "INVALID_TIME",
                    "hours[0].end"
                ),
                (WorkingCalendar(hours: [WeeklyHours(start: "09:00", end: "17:00")]), "UNKNOWN_VALUE", "hours[0].day"),
                (
                    WorkingCalendar(hours: [monday], days: [SpecialDay(date: "2026-02-29")]), "INVALID_DATE",
                    "days[0].date"
                ),
                (
                    WorkingCalendar(
                        hours: [monday], days: [SpecialDay(date: "2026-02-28"), SpecialDay(date: "2026-02-28")]),
                    "DUPLICATE", "days[1].date"
                ),
                (
                    WorkingCalendar(hours: [monday], days: [SpecialDay(date: "2026-02-28", displayName: "a\nb")]),
                    "FORBIDDEN_CHARACTER", "days[0].display_name"
                ),
                (
                    WorkingCalendar(
                        hours: [monday],
                        days: [SpecialDay(date: "2026-02-28", displayName: String(repeating: "休", count: 101))]),
                    "TOO_LONG", "days[0].display_name"
                ),
                (
                    WorkingCalendar(hours: [monday], exceptions: [CalendarException(hours: [monday])]), "REQUIRED",
                    "exceptions[0]"
                ),
                (
                    WorkingCalendar(
                        hours: [monday], exceptions: [CalendarException(userID: workspace.adminID.description)]),
                    "REQUIRED", "exceptions[0]"
                ),
                (
                    WorkingCalendar(
                        hours: [monday],
                        exceptions: [CalendarException(userID: UserID(RecordID.make()).description, hours: [monday])]),
                    "REFERENCE_NOT_FOUND", "exceptions[0]"
                ),
                (
                    WorkingCalendar(
                        hours: [monday], days: Array(repeating: SpecialDay(date: "2026-02-28"), count: 501)),
                    "TOO_MANY", "days"
                ),
            ]
            for (calendar, expected, place) in wrong {
                var refusal: RPCError?
                do {
                    _ = try await set(workspace, WorkspaceSettings(workingCalendar: calendar))
                } catch let error as RPCError { refusal = error }
                #expect(refusal?.reason == expected, "\(place)")
                #expect(refusal?.fieldViolations.map(\.field) == ["settings.working_calendar.\(place)"])
            }
        }
    }

    @Test func departmentsAndUsersWorkByTheNearestException() async throws {
        try await inWorkspace { _, workspace in
            let top = try await workspace.makeDepartment("Support")
            let night = try await workspace.makeDepartment("Night", under: top)
            let ann = try await workspace.makeUser("ann", in: night)
            let bob = try await workspace.makeUser("bob", in: night)
            func hours(_ start: String) -> [WeeklyHours] { [WeeklyHours(day: .monday, start: start, end: "24:00")] }
            let calendar = WorkingCalendar(
                hours: hours("09:00"), days: [SpecialDay(date: "2026-10-05")],
                exceptions: [
                    CalendarException(departmentID: night, hours: hours("20:00")),
                    CalendarException(departmentID: top, hours: hours("12:00"), days: [SpecialDay(date: "2026-10-12")]),
                    CalendarException(
                        userID: bob.description,
                        days: [SpecialDay(date: "2026-10-05", hours: [DayHours(start: "10:00", end: "11:00")])]),
                ])
            _ = try await set(workspace, WorkspaceSettings(workingCalendar: calendar))
            let policy = try #require(PolicySnapshot(try await workspace.policy()))
            func hours(_ plan: WorkPlan, _ day: String) throws -> [Range<Int>] {
                plan.hours(on: try #require(CalendarDay(day)))
            }
            let now = Timestamp.now()
            let (anns, bobs) = (policy.workPlan(of: ann, at: now), policy.workPlan(of: bob, at: now))
            let (admins, tops) = (
                policy.workPlan(of: workspace.adminID, at: now),
                policy.workPlan(ofUnit: try #require(RecordID(top)), at: now)
            )
            #expect(try hours(anns, "2026-10-19") == [1_200..<1_440] && hours(anns, "2026-10-12") == [])
            #expect(try hours(anns, "2026-10-05") == [] && hours(bobs, "2026-10-05") == [600..<660])
            #expect(try hours(bobs, "2026-10-19") == [1_200..<1_440] && hours(bobs, "2026-10-12") == [])
            #expect(try hours(admins, "2026-10-12") == [540..<1_440] && hours(tops, "2026-10-19") == [720..<1_440])
            // Who had hours of his own and is gone is in no one's way, and ids are stored in their form.
            try await workspace.delete(User(id: bob.description))
            var later = calendar
            later.days.append(SpecialDay(date: "2026-12-25"))
            later.exceptions[0].departmentID = night.uppercased()
            _ = try await set(workspace, WorkspaceSettings(countryCode: "Deutschland", workingCalendar: later))
            let stored = try await get(workspace)
            #expect(stored.workingCalendar?.days.count == 2 && stored.countryCode == "DE")
            #expect(stored.workingCalendar?.exceptions.first?.departmentID == night)
        }
    }

    @Test func settingsArePartOfTheModelWithoutWhatIsOfOneWorkspace() async throws {
        try await inWorkspace { identity, workspace in
            let monday = WeeklyHours(day: .monday, start: "09:00", end: "17:00")
            let exception = CalendarException(
                userID: workspace.adminID.description, days: [SpecialDay(date: "2026-12-24")])
            let calendar = WorkingCalendar(hours: [monday], exceptions: [exception])
            _ = try await set(
                workspace, WorkspaceSettings(timeZone: "Asia/Shanghai", currencyCode: "CNY", workingCalendar: calendar))
            func models(_ workspace: Workspace) -> WorkspaceModelServiceClient {
                WorkspaceModelServiceClient(channel: workspace.channel())
            }
            let model = try #require(
                try await models(workspace).getWorkspaceModel(GetWorkspaceModelRequest()).model)
            #expect(
                model.settings
                    == WorkspaceSettings(
                        timeZone: "Asia/Shanghai", currencyCode: "CNY",
                        workingCalendar: WorkingCalendar(hours: [monday])))
            let other = try await identity.openWorkspace()
            let settings = WorkspaceModel(settings: model.settings)
            let shown = try await models(other).applyWorkspaceModel(
                ApplyWorkspaceModelRequest(model: settings, preview: true))
            #expect(shown.changes.map(\.object) == ["settings"])
            #expect(shown.changes.first?.changedFields == ["time_zone", "currency_code", "working_calendar"])
            #expect(try await get(other).version == 1)
            let epoch = try await other.epoch()
            _ = try await models(other).applyWorkspaceModel(ApplyWorkspaceModelRequest(model: settings))
            #expect(try await other.epoch() == epoch + 1)
            let applied = try #require(try await models(other).getWorkspaceModel(GetWorkspaceModelRequest()).model)
            #expect(applied.settings == model.settings)
            let again = try await models(workspace).applyWorkspaceModel(ApplyWorkspaceModelRequest(model: settings))
            #expect(again.changes.isEmpty && again.unchangedCount == 1)
            let kept = try await get(workspace)
            #expect(kept.workingCalendar?.exceptions == [exception])
        }
    }
}
