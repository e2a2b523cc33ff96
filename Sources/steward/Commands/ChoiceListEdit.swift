import ArgumentParser
import Contracts
import IdentityContracts
import RPC
import StewardClient
import Wire

/// Changes a part of a choice list: read, edited and written with the version that was read, again when somebody else was faster.
struct ChoiceListEdit {
    let options: RecordOptions

    static let listHelp = ArgumentHelp("Name or id of the list.")
    static let entryHelp = ArgumentHelp("Value or label of the entry.")

    private static let attemptsMax = 5

    func apply(
        to name: String, changing field: String, _ edit: (inout ChoiceList) throws -> Void
    ) async throws {
        let client = try await options.client(ChoiceList.noun)
        let steward = client.connection
        var attempt = 1
        while true {
            var list = try await find(name, client)
            try edit(&list)
            do {
                let stored = try await steward.choiceLists.updateChoiceList(
                    UpdateChoiceListRequest(record: list, updateMask: [field]), options: .write()
                ).record
                guard let stored else { return }
                guard options.output == .table else { return try await options.show(one: stored.message(), steward) }
                for line in ChoiceListText(stored).lines { Terminal.line(line) }
                return
            } catch Reason.versionConflict where attempt < Self.attemptsMax {
                attempt += 1
            }
        }
    }

    /// A list by its name, by what people call it, or by its id.
    func find(_ name: String, _ client: RecordClient) async throws -> ChoiceList {
        let lists = client.connection.choiceLists
        if !RecordNouns.isID(name), !name.contains("\""), !name.contains("\\") {
            let named = try await lists.listChoiceLists(
                ListChoiceListsRequest(filterExpression: "name = \"\(name)\"")
            ).records
            if let only = named.first { return only }
        }
        let id = try await client.id(of: name)
        guard let list = try await lists.getChoiceList(GetChoiceListRequest(id: id)).record else {
            throw UsageProblem(
                "there is no choice list \(name)", cure: "steward choice-list list shows those that there are")
        }
        return list
    }

    /// An entry by its value, or by what people call it in any language.
    static func index(_ name: String, in list: ChoiceList) throws(UsageProblem) -> Int {
        if let index = list.entries.firstIndex(where: { $0.value == name }) { return index }
        let meant = list.entries.indices.filter { index in
            let entry = list.entries[index]
            return ([entry.displayName] + entry.labels.map(\.displayName)).contains {
                $0?.lowercased() == name.lowercased()
            }
        }
        guard meant.count == 1 else {
            throw UsageProblem(
                "\(list.name ?? "") has \(meant.isEmpty ? "no entry" : "several entries called") \(name)",
                cure: "steward choice-list entries \(list.name ?? "") shows their values")
        }
        return meant[0]
    }

    static func value(_ name: String, in list: ChoiceList) throws(UsageProblem) -> String {
        list.entries[try index(name, in: list)].value ?? ""
    }

    /// A label as in zh=钢铁.
    static func label(_ text: String) throws(UsageProblem) -> FieldLabel {
        guard let parts = FieldAssignment.parts(text), !parts.text.isEmpty else {
            throw UsageProblem("\(text) is no label", cure: "write the language before it, as in zh=钢铁")
        }
        return FieldLabel(languageCode: parts.path, displayName: parts.text)
    }
}

/// A choice list for people.
struct ChoiceListText {
    private let list: ChoiceList

    init(_ list: ChoiceList) { self.list = list }

    var lines: [String] {
        let bound = list.boundFields.isEmpty ? "" : "  bound: \(list.boundFields.joined(separator: ", "))"
        return ["\(list.name ?? "")  \(TerminalText.oneLine(list.displayName ?? ""))\(bound)"]
            + table.lines(width: Terminal.width)
    }

    private var table: Table {
        Table(
            columns: ["value", "label", "labels", "colour", "state"].map { Table.Column(title: $0) },
            rows: list.entries.map { entry in
                let labels = entry.labels.map { "\($0.languageCode ?? "")=\($0.displayName ?? "")" }
                let successor = entry.mergedInto.map { ", merged into \($0)" } ?? ""
                return [
                    entry.value ?? "", entry.displayName ?? "", labels.joined(separator: ", "), entry.colour ?? "",
                    entry.retired == true ? "retired\(successor)" : "",
                ]
            })
    }

    /// How many records have an entry, field by field.
    static func uses(_ uses: [ChoiceUse]) -> Table {
        Table(
            columns: [.init(title: "records"), .init(title: "field"), .init(title: "count", alignsRight: true)],
            rows: uses.map { [$0.object ?? "", $0.field ?? "", $0.count.map { String($0) } ?? "many"] })
    }
}
