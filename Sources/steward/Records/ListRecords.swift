import ArgumentParser
import Contracts
import IdentityContracts
import StewardClient
import Tenancy
import Wire

struct ListRecords<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list", abstract: "Lists records.",
            discussion: """
                Examples:
                  steward \(Record.noun.name) list --limit 20 --order-by 'update_time desc'
                  steward \(Record.noun.name) list --filter 'create_time > 2026-01-01 and not (id is set)'
                  steward \(Record.noun.name) list --view 'My open'
                  steward \(Record.noun.name) list --output csv --columns id > ids.csv
                  steward \(Record.noun.name) list --output sheet > for-excel.csv

                Filters compare fields with = != < <= > >= ~ (contains) ^= (begins with) in (…), is set, and join with
                and, or, not and parentheses. Money is compared as in amount >= "12.50 EUR", with amounts of that currency;
                another record of the service by its fields, as in account.display_name ~ "Acme" or stage.display_name = "Won";
                whoever asks as me, as in owner_id = me.

                CSV holds values as they are, for programs. Spreadsheet programs run texts that begin with = + - @ as
                formulas, whoever wrote them: sheet puts an apostrophe before such texts, and inside texts before such
                signs at the beginning of a line or after a comma, a semicolon or a tab. steward import --sheet takes
                them away again. Numbers and amounts stay what they are.
                """)
    }

    @OptionGroup var options: RecordOptions
    @OptionGroup var view: ViewOptions

    @Option(help: "Only records that fulfil this.")
    var filter: String?

    @Option(help: "Only records that have all of these tags: names or ids, separated by commas.")
    var tag: String?

    @Option(help: "Field to sort by, with ' desc' for falling. Up to three times.")
    var orderBy: [String] = []

    @Option(parsing: .unconditional, help: "Most records to show; all: no limit.")
    var limit = RecordLimit.usual

    @Flag(help: "Also shows deleted records.")
    var deleted = false

    @Flag(help: "Says how many there are in all.")
    var count = false

    @Flag(help: "Only records that you own.")
    var mine = false

    @Flag(help: "Only records that you own, or that are shared with you yourself, as those of your teams.")
    var team = false

    func run() async throws {
        let most = try limit.most()
        guard !mine || Record.noun.record.field("owner_id") != nil else {
            throw ValidationError("nobody owns \(Record.noun.plural); --mine is for records with an owner")
        }
        guard !team || Record.noun.isShareable else {
            throw ValidationError("\(Record.noun.plural) have no teams; --team is for records that can be shared")
        }
        guard tag == nil || Record.noun.isTaggable else {
            throw ValidationError("\(Record.noun.plural) have no tags; --tag is for records that have")
        }
        let client = try await options.client(Record.noun)
        let view = try await view.resolved(for: Record.noun, client.connection)
        let filter = try await filter(client, view)
        let orderBy = orderBy.isEmpty ? view?.orderBy ?? [] : orderBy
        var records: [Message] = []
        var token: String?
        var total: String?
        repeat {
            let answer = try await page(
                client, filter, orderBy, size: RecordLimit.pageSize(most, after: records.count), token)
            records += client.records(answer)
            token = answer.descriptor.field("next_page_token").flatMap { answer.string($0) }
            total = total ?? Self.total(answer)
        } while token != nil && records.count < most
        var options = options
        options.columns =
            options.columns
            ?? view?.columns(of: Record.noun.record, forPeople: options.output == .table && !options.ids)
        var columns = try await columns(client)
        // Behind the name: it tells which are deleted.
        if deleted { columns.insert("delete_time", at: min(2, columns.count)) }
        try await options.show(records, of: Record.noun.record, preferred: columns, client.connection)
        if let total { Terminal.note("\(records.count) of \(total)") }
        if token != nil, !count, options.output == .table { Terminal.note("there are more: --limit all shows them") }
    }

    /// Of an object of the workspace's own its first fields, too, before the owner.
    private func columns(_ client: RecordClient) async throws -> [String] {
        var columns = Record.noun.columns
        guard Record.noun.isOwn, options.columns == nil, options.output == .table else { return columns }
        let custom = try await CustomFieldKinds(of: Record.noun, client.connection)
        let place = columns.firstIndex(of: "owner") ?? columns.endIndex
        columns.insert(contentsOf: custom.paths.prefix(Self.customColumnsMax), at: place)
        return columns
    }

    /// More would find no room.
    private static var customColumnsMax: Int { 6 }

    /// The filter, within that of a view, with the caller as owner and with tags if that is asked for.
    private func filter(_ client: RecordClient, _ view: UsableView?) async throws -> String? {
        var parts = [view?.filter, filter]
        if mine {
            let me = try await client.connection.authentication.getSelf(GetSelfRequest()).userID ?? ""
            parts.append("owner_id = \"\(me)\"")
        }
        if team { parts.append("(owner_id = me or shares.user_id = me)") }
        if let tag {
            let ids = try await TagNames.ids(tag, of: Record.noun, client.connection)
            parts += ids.split(separator: ",").map { "tag_ids = \"\($0)\"" }
        }
        return UsableView.joined(parts)
    }

    private func page(
        _ client: RecordClient, _ filter: String?, _ orderBy: [String], size: Int, _ token: String?
    ) async throws -> Message {
        try await FilterHint.heeded(client) {
            try await ask(client, filter, orderBy, size: size, token)
        }
    }

    private func ask(
        _ client: RecordClient, _ filter: String?, _ orderBy: [String], size: Int, _ token: String?
    ) async throws -> Message {
        try await client.call(\.list) { request in
            if let filter { try FieldAssignment.set("filter_expression", to: filter, in: request) }
            if let field = request.descriptor.field("order_by") { request.setStrings(field, orderBy) }
            if let field = request.descriptor.field("page_size") { request.setInt32(field, Int32(size)) }
            if let token { try FieldAssignment.set("page_token", to: token, in: request) }
            if deleted { try FieldAssignment.set("show_deleted", to: "yes", in: request) }
            if count, token == nil { try FieldAssignment.set("include_count", to: "yes", in: request) }
        }
    }

    private static func total(_ answer: Message) -> String? {
        guard let field = answer.descriptor.field("count"), let count = answer.message(field),
            let value = count.descriptor.field("value"), let estimated = count.descriptor.field("estimated")
        else { return nil }
        return (count.bool(estimated) ? "about " : "") + String(count.int64(value))
    }
}
