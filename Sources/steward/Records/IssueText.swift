import Contracts
import StewardClient

/// Records that were refused, or would be, each by what it is called.
enum IssueText {
    static func lines(_ issues: [RecordIssue], _ connection: StewardConnection) async throws -> [String] {
        var ids: [String: Set<String>] = [:]
        for issue in issues {
            guard let noun = noun(of: issue), let id = issue.recordID else { continue }
            ids[noun, default: []].insert(id)
        }
        return lines(issues, try await ReferenceNames.look(up: ids, connection))
    }

    static func lines(_ issues: [RecordIssue], _ names: ReferenceNames) -> [String] {
        issues.map { issue in
            let (object, id) = (issue.object ?? "", issue.recordID ?? "")
            let name =
                noun(of: issue).flatMap { names.name($0, id) }.map { "\(TerminalText.oneLine($0)) (\(id))" } ?? id
            let text = TerminalText.oneLine(issue.message ?? "")
            return "\(object) \(name): \(text) [\(issue.reason ?? "")]"
        }
    }

    private static func noun(of issue: RecordIssue) -> String? {
        RecordNouns.all.first { $0.entry.object == issue.object }?.name
    }
}
