import Contracts
import CustomerContracts
import Foundation
import IdentityContracts
import SalesContracts
import Tenancy
import Testing
import Wire

@testable import steward

/// What people are told of jobs, of previews, and of settings.
@Suite struct JobTextTests {
    private func lines(_ job: Job, all: Bool = false) -> [String] {
        JobText(job, .none, all: all).reportLines
    }

    @Test func aReportTellsCountsKindsAndRefusals() {
        let report = JobReport(
            changedCount: 3, unchangedCount: 1, refusedCount: 120,
            issues: [RecordIssue(object: "account", recordID: "A", reason: "X", message: "taken")],
            kinds: [
                KindReport(object: "account", changedCount: 3, unchangedCount: 1, refusedCount: 119),
                KindReport(
                    object: "contact", refusedCount: 1, refusals: [RefusalCount(reason: "RECORD_IN_USE", count: 1)]),
            ])
        #expect(
            lines(Job(name: "purge_deleted", state: .done, report: report)) == [
                "", "3 changed, 1 were so already, 120 refused", "",
                "KIND     CHANGED  SO ALREADY  REFUSED  WHY", "account        3           1      119",
                "contact        0           0        1  1 RECORD_IN_USE", "",
                "refused, and left as they were:", "  account A: taken [X]", "  and 119 more, which are counted only",
            ])
        #expect(lines(Job(name: "housekeeping")) == [])
    }

    @Test func anUndoThatFoundNothingSaysSo() {
        let report = JobReport(unchangedCount: 4)
        let undone = lines(Job(name: "undo_changes", state: .done, report: report))
        #expect(undone == ["", "nothing was left to take back: 0 changed, 4 were so already, 0 refused"])
        #expect(lines(Job(name: "undo_changes", state: .running, report: report))[1].hasPrefix("0 changed"))
        #expect(lines(Job(name: "undo_changes", state: .done)) == ["", "nothing was left to take back"])
        #expect(lines(Job(name: "undo_changes", state: .running)) == [])
        #expect(lines(Job(name: "update_matching_accounts", state: .done, report: report))[1].hasPrefix("0 changed"))
    }

    @Test func whoAskedForTheEndOfAnOpenJobIsToldThatItComes() {
        let time = Timestamp("2026-01-02T03:04:05Z")
        #expect(JobText.state(of: Job(state: .running, cancelTime: time)) == "cancelling")
        #expect(JobText.state(of: Job(state: .waiting, cancelTime: time)) == "cancelling")
        #expect(JobText.state(of: Job(state: .cancelled, cancelTime: time)) == nil)
        #expect(JobText.state(of: Job(state: .running)) == nil)
    }

    @Test func whatWasAskedForHasNames() {
        let (user, department) = ("01a231ae-95b6-76c3-9f8e-189b3f9d320c", "01a231ae-9b9c-7043-ab8c-b579e509b328")
        let names = ReferenceNames(["user": [user: "王芳"], "department": [department: "Field sales"]])
        let asked = "owner_id = \(user) → owner_id = \"\(user)\", department_id = \"\(department)\", id = 7"
        let told = JobText(Job(summary: asked), names).summary
        #expect(
            told == "owner_id = \(user) → owner_id = 王芳 (\(user)), department_id = Field sales (\(department)), id = 7")
    }

    @Test func refusalsNameTheirRecords() {
        let issue = RecordIssue(object: "account", recordID: "i", reason: "EXTERNAL_ID_TAKEN", message: "Taken\nby.")
        #expect(IssueText.lines([issue], .none).lines == ["account i: Taken\\u000aby. [EXTERNAL_ID_TAKEN]"])
    }

    @Test func equalRefusalsAreOneLineUnlessAllAreAskedFor() {
        func issue(_ id: String, _ reason: String = "PERMISSION_MISSING", _ object: String = "account") -> RecordIssue {
            RecordIssue(object: object, recordID: id, reason: reason, message: "No.")
        }
        let issues = [
            issue("a"), issue("x", "TOO_LONG"), issue("b"), issue("c"), issue("k", "PERMISSION_MISSING", "widget"),
            issue("l", "PERMISSION_MISSING", "widget"), issue("d"), issue("e"),
        ]
        let names = ReferenceNames(["account": ["a": "昆明\n咖啡", "b": "Acme"]])
        let told = IssueText.lines(issues, names)
        #expect(
            told.lines == [
                "5 accounts: No. [PERMISSION_MISSING]: 昆明\\u000a咖啡 (a), Acme (b), c and 2 more",
                "account x: No. [TOO_LONG]",
                "2 widget: No. [PERMISSION_MISSING]: k, l",
            ])
        #expect(told.areCut && !IssueText.lines(Array(issues.suffix(4)), names).areCut)
        let each = IssueText.lines(issues, names, all: true)
        #expect(each.lines.count == 8 && !each.areCut && each.lines[2] == "account Acme (b): No. [PERMISSION_MISSING]")
        let job = Job(id: "J", state: .done, report: JobReport(refusedCount: 9, issues: issues))
        #expect(
            lines(job).suffix(2) == ["  and 1 more, which are counted only", "steward job show J --all tells each"])
        #expect(lines(job).count == 9 && lines(job, all: true).count == 13)
    }

    /// The catalogue is proto/README.md: what it lists for jobs has a sentence here, and nothing else has one.
    @Test func theReasonsOfJobsAreThoseOfTheCatalogue() throws {
        let path = #filePath.replacing(/Tests\/StewardCommandTests\/.*/, with: "proto/README.md")
        let catalogue = try String(contentsOfFile: path, encoding: .utf8)
        let start = try #require(catalogue.range(of: "Why a job failed is told by `last_error`"))
        let paragraph = catalogue[start.lowerBound...].prefix(
            through: try #require(
                catalogue[start.lowerBound...].range(of: "\n\n")
            ).lowerBound)
        let listed = Set(paragraph.matches(of: /\b[A-Z]+(?:_[A-Z]+)+\b|\bINTERNAL\b/).map { String($0.0) })
        #expect(listed == JobReason.known)
    }

    @Test func aPreviewTellsFromWhatToWhat() {
        let noun = Account.noun
        let before = Account(id: "i", version: 1, displayName: "北京", city: "Berlin").message()
        let after = Account(id: "i", version: 2, displayName: "北京", phone: "+49", city: "Bonn").message()
        let same = Account(id: "j", version: 1, displayName: "Acme").message()
        let table = MatchingSample.table([after, same], ["i": before, "j": same], noun, .none)
        #expect(
            table.lines(width: .max) == [
                "ID  ACCOUNT  CHANGE", "i   北京     phone: – → +49", "             city: Berlin → Bonn",
                "j   Acme     nothing: it is so already",
            ])
    }

    @Test func whoGetsWhatOfALeaver() {
        let records = [
            OwnedRecords(object: "account", service: "customer", count: 3), OwnedRecords(object: "lead", count: 0),
            OwnedRecords(object: "deal", reason: "PERMISSION_MISSING", message: "You need it."),
        ]
        func cells(_ to: String?, _ departments: [String]) -> [String] {
            UserCommand.Deactivate.table(records, goingTo: to, departments).rows.map { $0.joined(separator: "|") }
        }
        #expect(cells("bob", []) == ["account|3|bob", "lead|0|–", "deal|?|You need it. [PERMISSION_MISSING]"])
        #expect(cells("bob", ["Support=eve"])[0] == "account|3|those of Support: eve; the others: bob")
        #expect(cells(nil, ["客服=王芳"])[0] == "account|3|those of 客服: 王芳; the others: nobody, they stay")
        #expect(cells(nil, [])[0] == "account|3|nobody, they stay")
    }

    @Test func settingsThatNobodySetAreTheirDefaults() {
        func lines(_ settings: WorkspaceSettings) -> [String] {
            SettingsOptions.lines(settings).map { "\($0.name) \($0.text)" }
        }
        #expect(
            lines(WorkspaceSettings(version: 1, timeZone: "UTC")) == [
                "version 1", "time_zone UTC", "read_rows_per_day_max 20000 (default)",
                "deleted_records_kept_days for ever (default)", "week_start monday (default)",
                "working_calendar MONDAY-FRIDAY 09:00-17:00 (default)",
            ])
        let set = WorkspaceSettings(
            timeZone: "Asia/Shanghai", readRowsPerDayMax: 0, deletedRecordsKeptDays: 90, weekStart: .sunday,
            workingCalendar: WorkingCalendar(
                hours: [WeeklyHours(day: .monday, start: "09:00", end: "12:00")], days: [SpecialDay(date: "2026-10-01")]
            ))
        #expect(
            lines(set) == [
                "time_zone Asia/Shanghai", "read_rows_per_day_max 0", "deleted_records_kept_days 90",
                "week_start sunday",
                "working_calendar MONDAY 09:00-12:00; 1 day",
            ])
    }

    @Test(arguments: [
        ("a.csv.1a2b3c4d.part", "a.csv.1a2b3c4d.part"), ("客户.csv", "客户.csv"), ("it's", #"'it'\''s'"#), ("a b", "'a b'"),
        ("$(rm)", "'$(rm)'"), ("", "''"),
    ])
    func wordsOfACommandAreQuotedForAShell(_ text: String, _ word: String) { #expect(ShellText.quoted(text) == word) }
}

@Suite struct ViewOptionsTests {
    private func view(_ id: String, _ name: String, of owner: String) -> SavedView {
        SavedView(id: id, ownerID: owner, displayName: name)
    }

    @Test func onesOwnViewComesBeforeThoseOfOthers() throws {
        let views = [
            view("1", "My Open", of: "a"), view("2", "my open", of: "me"), view("3", "My open deals", of: "me"),
        ]
        func choose(_ name: String?, _ views: [SavedView]) throws -> String? {
            try ViewOptions.choose(name, among: views, of: Account.noun, "me").id
        }
        #expect(try choose("My open", views) == "2")
        #expect(try choose("MY OPEN", [views[0]]) == "1")
        #expect(try choose(nil, [views[2]]) == "3")
        for (name, views) in [
            ("My open", [views[2]]), ("My open", [views[0], view("4", "My open", of: "b")]), (nil, []),
        ] {
            #expect(throws: UsageProblem.self) { try choose(name, views) }
        }
    }

    @Test func aViewIsNarrowedByWhatIsGivenBeside() {
        #expect(UsableView.joined(nil, nil) == nil && UsableView.joined(nil, "a = 1") == "a = 1")
        #expect(UsableView.joined("a = 1 or b = 2", nil, "c = 3") == "(a = 1 or b = 2) and (c = 3)")
        let view = UsableView(ResolveViewResponse(columns: ["display_name", "stage_id", "custom.size"]))
        #expect(view.columns(of: Deal.descriptor, forPeople: true) == "display_name,stage,custom.size")
        #expect(view.columns(of: Deal.descriptor, forPeople: false) == "display_name,stage_id,custom.size")
        #expect(UsableView(ResolveViewResponse()).columns(of: Deal.descriptor, forPeople: true) == nil)
    }
}

@Suite struct ObjectTextTests {
    @Test func aKindIsToldWithItsFieldsAndParts() {
        let description = ObjectDescription(
            summary: ObjectSummary(
                object: "deal", plural: "deals", service: "sales", owned: true,
                actions: [ObjectAction(action: "read", scope: .subtree), ObjectAction(action: "update", scope: .own)]),
            fields: [
                ObjectField(
                    name: "display_name", kind: .text, lengthMax: 200, required: true,
                    filterOperators: [.equal], sortable: true, indexed: true, access: .write),
                ObjectField(
                    name: "custom.colour", displayName: "颜色", kind: .text, list: true, countMax: 2,
                    choices: [FieldChoice(text: "红"), FieldChoice(text: "blue")], access: .masked),
                ObjectField(
                    name: "amount", kind: .money, filterOperators: [.equal], access: .read,
                    parts: [ObjectField(name: "minor_units", kind: .wholeNumber, valueMin: 0)]),
                ObjectField(
                    name: "stage_id", kind: .id, reference: FieldReference(object: "stage", service: "sales"),
                    access: .write),
            ],
            uniqueFields: [UniqueFields(names: ["a", "b"])], upsertField: "external_id")
        let lines = ObjectText(description, 12).lines
        #expect(
            lines.prefix(7) == [
                "object     deal", "service    sales", "records    owned by users",
                "you may    read (subtree), update (own)", "unique     a + b", "upsert by  external_id",
                "version    12",
            ])
        let table = lines.dropFirst(8).map { $0.split(separator: "  ").map { $0.trimmingPrefix(" ") } }
        #expect(table[0] == ["FIELD", "TYPE", "RULES", "ACCESS", "USE"])
        #expect(table[1] == ["display_name", "text", "required, ≤ 200 characters", "write", "filter sort index"])
        #expect(table[2] == ["custom.colour", "颜色", "list of text", "≤ 2 of them, 红 | blue", "masked"])
        #expect(table[4] == [".minor_units", "whole_number", "≥ 0"])
        #expect(table[5] == ["stage_id", "stage", "write"])
    }
}
