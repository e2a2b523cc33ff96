import Contracts
import StewardClient

/// Records that were refused, or would be. Those for which the same is said are one line, with the first of them by what they are called.
enum IssueText {
    /// Records that a line names.
    private static let namesShown = 3

    /// - Parameter all: a line for each record.
    /// - Returns: whether a line leaves out names, too.
    static func lines(
        _ issues: [RecordIssue], _ names: ReferenceNames, all: Bool = false
    ) -> (lines: [String], areCut: Bool) {
        let groups = all ? issues.map { [$0] } : groups(issues)
        return (groups.map { line($0, names) }, groups.contains { $0.count > namesShown })
    }

    /// The records by their nouns, to look up what they are called.
    static func ids(in issues: [RecordIssue]) -> [String: Set<String>] {
        var ids: [String: Set<String>] = [:]
        for issue in issues {
            guard let noun = noun(of: issue)?.name, let id = issue.recordID else { continue }
            ids[noun, default: []].insert(id)
        }
        return ids
    }

    private struct Cause: Hashable {
        let object, reason, message: String?
    }

    /// Those of one kind with one reason and message, in the order of their first.
    private static func groups(_ issues: [RecordIssue]) -> [[RecordIssue]] {
        var places: [Cause: Int] = [:]
        var groups: [[RecordIssue]] = []
        for issue in issues {
            let cause = Cause(object: issue.object, reason: issue.reason, message: issue.message)
            if let place = places[cause] {
                groups[place].append(issue)
            } else {
                places[cause] = groups.count
                groups.append([issue])
            }
        }
        return groups
    }

    private static func line(_ group: [RecordIssue], _ names: ReferenceNames) -> String {
        let (issue, noun) = (group[0], noun(of: group[0]))
        let text = CommandWords.own.told(TerminalText.oneLine(issue.message ?? ""))
        let why = "\(text) [\(issue.reason ?? "")]"
        let shown = group.prefix(namesShown).map { issue in
            let id = issue.recordID ?? ""
            return noun.flatMap { names.name($0.name, id) }.map { "\(TerminalText.oneLine($0)) (\(id))" } ?? id
        }
        guard group.count > 1 else { return "\(issue.object ?? "") \(shown[0]): \(why)" }
        let more = group.count > namesShown ? " and \(group.count - namesShown) more" : ""
        return "\(group.count) \(noun?.plural ?? issue.object ?? ""): \(why): \(shown.joined(separator: ", "))\(more)"
    }

    private static func noun(of issue: RecordIssue) -> RecordNoun? {
        RecordNouns.of(object: issue.object ?? "")
    }
}
