import Contracts
import IdentityContracts
import StewardClient
import Tenancy
import Wire

/// A job for people: what it was asked for, where it stands, and what became of the records, by their names.
struct JobText {
    private let job: Job
    private let names: ReferenceNames
    /// Tells each record that was refused by itself.
    private let all: Bool

    /// Told by themselves.
    private static let untold: Set<String> = ["report"]

    /// Looks up what is named by ids.
    init(_ job: Job, _ connection: StewardConnection, all: Bool) async throws {
        let ids = Self.ids(in: job.summary ?? "")
        let people = ids.union(job.userID.map { [$0] } ?? [])
        let refused = IssueText.ids(in: job.report?.issues ?? [])
        let wanted = [User.noun.name: people, Department.noun.name: ids].merging(refused) { $0.union($1) }
        self.init(job, try await ReferenceNames.look(up: wanted, connection), all: all)
    }

    init(_ job: Job, _ names: ReferenceNames, all: Bool = false) {
        (self.job, self.names, self.all) = (job, names, all)
    }

    func show() throws {
        let message = job.message()
        let columns = message.descriptor.fields.filter { message.has($0) && !Self.untold.contains($0.name) }
        try RecordPrinter(
            format: .table, columns: columns.map(\.name), told: { column, _ in told(column.name) }
        ).show(one: message)
        for line in reportLines { Terminal.line(line) }
    }

    /// What stands in place of a value.
    private func told(_ field: String) -> String? {
        switch field {
        case "state": Self.state(of: job)
        case "summary": summary
        case "user_id": job.userID.map { id in named(id, as: User.noun.name) ?? id }
        case "last_error": job.lastError.map { reason in JobReason.text(reason).map { "\(reason): \($0)" } ?? reason }
        default: nil
        }
    }

    /// Somebody asked that it ends, and it has not yet: that is no state of its own.
    static func state(of job: Job) -> String? { job.isOpen && job.cancelTime != nil ? "cancelling" : nil }

    // MARK: Names

    /// What it was asked for, with names.
    var summary: String? {
        guard var text = job.summary else { return nil }
        for id in Self.ids(in: text) {
            guard let name = named(id, as: User.noun.name) ?? named(id, as: Department.noun.name) else { continue }
            let quoted = "\"\(id)\""
            text = text.replacing(text.contains(quoted) ? quoted : id, with: name)
        }
        return text
    }

    private func named(_ id: String, as noun: String) -> String? {
        names.name(noun, id).map { "\(TerminalText.oneLine($0)) (\(id))" }
    }

    private static func ids(in text: String) -> Set<String> {
        Set(text.split { !$0.isHexDigit && $0 != "-" }.map(String.init).filter { RecordID($0) != nil })
    }

    // MARK: The report

    var reportLines: [String] {
        guard let report = job.report else {
            return job.name == "undo_changes" && job.state == .done ? ["", "nothing was left to take back"] : []
        }
        let counts =
            "\(report.changedCount ?? 0) changed, \(report.unchangedCount ?? 0) were so already, "
            + "\(report.refusedCount ?? 0) refused"
        let nothing =
            job.name == "undo_changes" && job.state == .done
            && (report.changedCount ?? 0) + (report.refusedCount ?? 0) == 0
        var lines = ["", nothing ? "nothing was left to take back: \(counts)" : counts]
        if !report.kinds.isEmpty { lines += [""] + kinds(report).lines(width: Terminal.width) }
        guard !report.issues.isEmpty else { return lines }
        let issues = IssueText.lines(report.issues, names, all: all)
        lines += ["", "refused, and left as they were:"] + issues.lines.map { "  \($0)" }
        let more = Int(report.refusedCount ?? 0) - report.issues.count
        if more > 0 { lines.append("  and \(more) more, which are counted only") }
        if issues.areCut { lines.append("steward job show \(job.id ?? "") --all tells each") }
        return lines
    }

    private func kinds(_ report: JobReport) -> Table {
        Table(
            columns: [
                .init(title: "kind"), .init(title: "changed", alignsRight: true, keepsWidth: true),
                .init(title: "so already", alignsRight: true, keepsWidth: true),
                .init(title: "refused", alignsRight: true, keepsWidth: true), .init(title: "why"),
            ],
            rows: report.kinds.map { kind in
                [
                    kind.object ?? "", String(kind.changedCount ?? 0), String(kind.unchangedCount ?? 0),
                    String(kind.refusedCount ?? 0),
                    kind.refusals.map { "\($0.count ?? 0) \($0.reason ?? "")" }.joined(separator: ", "),
                ]
            })
    }
}

/// Why a job failed, in a sentence. The reasons of jobs are listed in proto/README.md, and a test compares these with them; what a job was
/// refused for as a call would be says its reason.
enum JobReason {
    private static let texts = [
        "USER_UNKNOWN": "the user for whom it works is disabled or gone",
        "PERMISSION_MISSING": "the user for whom it works has lost a right that it needs",
        "JOB_INTERRUPTED": "programs ended in the middle of its step too often; operators look into their logs",
        "SAGA_OVERDUE": "other services did not do their part in time; steward job retry has it go on",
        "SAGA_STEP_UNKNOWN": "this release no longer has the step at which it stands; ask anew",
        "JOB_CANCELLED": "somebody cancelled a part of it; steward job retry has it go on",
        "TRANSFER_OUTDATED": "the user came into another department since it was asked for; ask anew",
        "TRANSFER_OPEN": "a newer transfer of the user is open",
        "DEPARTMENT_DELETED": "the department was deleted since it was asked for",
        "TIME_ZONE_UNKNOWN": "the program does not know the time zone of the workspace; operators update its ICU",
        "VALUES_UNFIT":
            "some values are none of the other kind; steward field-definition change-kind --preview shows which",
        "VALUES_NOT_CONVERTED":
            "some records have no room for a second value, or were written by an older program; shorten their longest texts and ask anew",
        "INTERNAL": "something is wrong in the server; operators find it in the log of the service",
    ]

    static var known: Set<String> { Set(texts.keys) }

    /// Nil for a reason that only its name tells.
    static func text(_ reason: String) -> String? { texts[reason] }
}
