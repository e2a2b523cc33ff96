import ArgumentParser
import Contracts
import IdentityContracts
import RPC
import StewardClient
import Wire

/// A saved view to begin with. What is given beside it narrows its filter, and replaces its columns and its order.
struct ViewOptions: ParsableArguments {
    @Option(help: "The filter, columns and order of this saved view, by name or id.")
    var view: String?

    @Flag(help: "The same of the view that you begin with (default_view=yes).")
    var defaultView = false

    func validate() throws {
        guard view == nil || !defaultView else { throw ValidationError("give --view or --default-view, not both") }
    }

    var isGiven: Bool { view != nil || defaultView }

    /// What the user may use of the view; nil where none was asked for. Says what was left out.
    func resolved(for noun: RecordNoun, _ steward: StewardConnection) async throws -> UsableView? {
        guard isGiven else { return nil }
        let view = try await find(noun, steward)
        let answer = try await ModelClient(connection: steward).resolve(view, of: noun)
        for part in answer.leftOut {
            Terminal.note(
                "without \(TerminalText.oneLine(part.path ?? "")): \(CommandWords.own.told(part.message ?? ""))")
        }
        if answer.widened == true {
            Terminal.note(
                "there may be more records here than \(TerminalText.oneLine(view.displayName ?? "")) shows to others")
        }
        return UsableView(answer)
    }

    private func find(_ noun: RecordNoun, _ steward: StewardConnection) async throws -> SavedView {
        let me = try await steward.authentication.getSelf(GetSelfRequest()).userID
        var conditions = [Self.compare("object", .equal, Value(stringValue: noun.object))]
        if let view, RecordNouns.isID(view) {
            conditions.append(Self.compare("id", .equal, Value(stringValue: view)))
        } else if let view {
            conditions.append(Self.compare("display_name", .startsWith, Value(stringValue: view)))
        } else {
            conditions += [
                Self.compare("default_view", .equal, Value(boolValue: true)),
                Self.compare("owner_id", .equal, Value(stringValue: me)),
            ]
        }
        var (views, token): ([SavedView], String?) = ([], nil)
        repeat {
            let page = try await steward.savedViews.listSavedViews(
                ListSavedViewsRequest(
                    filter: Filter(all: FilterGroup(filters: conditions)), pageSize: Self.pageSize, pageToken: token))
            views += page.records
            token = page.nextPageToken
        } while token != nil
        return try Self.choose(view, among: views, of: noun, me)
    }

    /// Names that begin alike are few, and mostly on one page.
    private static let pageSize: Int32 = 1_000

    private static func compare(_ field: String, _ comparison: ComparisonOperator, _ value: Value) -> Filter {
        Filter(compare: Comparison(field: field, operator: comparison, values: [value]))
    }

    /// The one that was asked for: one's own before those of others.
    static func choose(
        _ name: String?, among views: [SavedView], of noun: RecordNoun, _ me: String?
    ) throws -> SavedView {
        let named = views.filter { view in
            guard let name, !RecordNouns.isID(name) else { return true }
            return view.displayName?.lowercased() == name.lowercased()
        }
        let own = named.filter { $0.ownerID == me }
        let meant = own.isEmpty ? named : own
        if meant.count == 1 { return meant[0] }
        guard let name else {
            throw UsageProblem(
                "you have no default view of \(noun.plural)",
                cure: "make one with steward saved-view update NAME default_view=yes")
        }
        guard !meant.isEmpty else {
            throw UsageProblem(
                "there is no view of \(noun.plural) called \(name) that you may see",
                cure: "steward saved-view list --filter 'object = \(noun.object)' shows those that there are")
        }
        throw UsageProblem(
            "\(meant.count) views of \(noun.plural) are called \(name)",
            cure: "give the id of one: \(meant.prefix(5).compactMap(\.id).joined(separator: ", "))")
    }
}

/// What a reader may use of a view.
struct UsableView {
    let filter: String?
    let columns: [String]
    let orderBy: [String]

    init(_ answer: ResolveViewResponse) {
        (filter, columns, orderBy) = (answer.filterExpression, answer.columns, answer.orderBy)
    }

    /// A filter that all of these fulfil.
    static func joined(_ filters: String?...) -> String? { joined(filters) }

    static func joined(_ filters: [String?]) -> String? {
        let given = filters.compactMap(\.self)
        return given.count > 1 ? given.map { "(\($0))" }.joined(separator: " and ") : given.first
    }

    /// Its columns as the option has them: other records by name, where a person reads them. Nil for none.
    func columns(of record: MessageDescriptor, forPeople: Bool) -> String? {
        guard !columns.isEmpty else { return nil }
        return columns.map { name in
            guard forPeople, let field = record.field(name),
                let reference = RecordColumn.reference(of: field, in: record)
            else { return name }
            return reference.name
        }.joined(separator: ",")
    }
}
