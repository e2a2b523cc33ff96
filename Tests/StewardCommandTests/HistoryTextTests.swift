import Contracts
import CustomerContracts
import SalesContracts
import Tenancy
import Testing
import Wire

@testable import steward

@Suite struct HistoryTextTests {
    private static let time = Timestamp("2026-01-02T03:04:05Z")

    private func lines<Record: RecordMessage>(_ changes: [HistoryEntry<Record>], width: Int = .max) -> [String] {
        text(changes).table().lines(width: width)
    }

    private func text<Record: RecordMessage>(_ changes: [HistoryEntry<Record>]) -> HistoryText {
        HistoryText(changes.map { $0.message(in: Arena()) }, of: Record.descriptor, names: .none)
    }

    @Test func aLineForEachFieldThatWasChanged() {
        let changes = [
            HistoryEntry<Account>(
                version: 2, changeTime: Self.time, method: "update", actorID: "陈玲", changedFields: ["city", "phone"],
                before: Account(city: "上海"), after: Account(phone: "•••4321", city: "Rome")),
            HistoryEntry<Account>(
                version: 1, changeTime: Self.time, method: "create", purpose: "set_up_workspace",
                changedFields: ["id", "display_name", "city", "create_time"],
                after: Account(id: "i", createTime: Self.time, displayName: "北京", city: "上海")),
        ]
        #expect(
            lines(changes) == [
                "VERSION  TIME                  WHO               METHOD  CHANGE",
                "      2  2026-01-02T03:04:05Z  陈玲              update  city: 上海 → Rome",
                "                                                         phone: – → •••4321",
                "      1  2026-01-02T03:04:05Z  set up workspace  create  display_name: 北京",
                "                                                         city: 上海",
            ])
        // As wide as the terminal, and no wider, whatever the script.
        for line in lines(changes, width: 70) { #expect(TextWidth.columns(line) <= 70, "\(line)") }
    }

    @Test func aProgramIsToldWithItsPurposeAndForWhom() {
        let changes = [
            HistoryEntry<Deal>(
                version: 3, method: "MoveDealStage", onBehalfOfID: "ada", purpose: "close_quarter",
                changedFields: ["amount", "outcome_reason"],
                before: Deal(amount: Money(currencyCode: "EUR", minorUnits: 125_000)),
                after: Deal(outcomeReason: "best price")),
            HistoryEntry<Deal>(
                version: 2, method: "delete", actorID: "ada", changedFields: ["delete_time"], before: Deal(),
                after: Deal()),
            HistoryEntry<Deal>(version: 1, method: "update", changedFields: ["description"]),
        ]
        let cells = lines(changes).dropFirst().map { line in
            line.split(separator: "  ").map { $0.trimmingPrefix(" ") }.joined(separator: "|")
        }
        #expect(
            cells == [
                "3|close quarter for ada|MoveDealStage|amount: 1,250.00 EUR → –", "outcome_reason: – → best price",
                "2|ada|delete", "1|update|description: too long to be shown",
            ])
    }

    /// By DeleteMatching, or however it was done.
    @Test func aDeletionAndAReturnSayWhatTheyAre() {
        let changes = [
            HistoryEntry<Account>(
                version: 3, method: "undo", changedFields: ["delete_time"], before: Account(deleteTime: Self.time),
                after: Account()),
            HistoryEntry<Account>(
                version: 2, method: "delete_matching_accounts", changedFields: ["delete_time"], before: Account(),
                after: Account(deleteTime: Self.time)),
        ]
        let ends = lines(changes).dropFirst().map { $0.split(separator: " ").last }
        #expect(ends == ["restored", "deleted"])
    }

    @Test func csvHasValuesAsTheyAre() {
        let change = HistoryEntry<Account>(
            version: 2, changeTime: Self.time, method: "update", actorID: "ada",
            changedFields: ["city", "parent_account_id"], before: Account(city: "=1", parentAccountID: "p"),
            after: Account(city: "a,b"))
        let header = "version,change_time,method,actor_id,on_behalf_of_id,purpose,field,before,after"
        #expect(
            text([change]).csv(.csv) == [
                header, "2,2026-01-02T03:04:05Z,update,ada,,,city,=1,\"a,b\"",
                "2,2026-01-02T03:04:05Z,update,ada,,,parent_account_id,p,",
            ])
        #expect(text([change]).csv(.sheet)[1] == "2,2026-01-02T03:04:05Z,update,ada,,,city,'=1,\"a,b\"")
    }

    @Test func aLimitIsANumberOrAll() throws {
        #expect(try RecordLimit(argument: "all").most() == .max)
        #expect(try RecordLimit(argument: "1").most() == 1)
        for wrong in ["0", "-1", "few", "", "9223372036854775808"] {
            #expect(throws: UsageProblem.self) { try RecordLimit(argument: wrong).most() }
        }
        #expect(RecordLimit.pageSize(.max, after: 5) == 1000)
        #expect(RecordLimit.pageSize(1500, after: 1000) == 500)
    }
}
