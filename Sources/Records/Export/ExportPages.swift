import AccessControl
import Postgres
import RPC
import Tenancy
import TenantDatabase
import Wire

/// Asks for the pages of an export, each as a list would: with the rights that the caller has at that moment.
struct ExportPages {
    let engine: RecordEngine
    let type: RecordType
    let request: ExportFields.Request
    let message: Message
    let context: CallContext

    /// Records that are read at a time; fewer of long ones (`RowBytes`).
    static let pageSize = ListQuery.pageSizeMax
    /// The same in an order for which all records are looked at to find a page.
    static let sortedPageSize = 10 * pageSize

    /// A page, and what the caller may see of it.
    struct Page {
        let call: RecordCall
        let order: SortOrder
        let mask: ReadMask
        let rows: Slice<Rows>
        let hasMore: Bool
    }

    /// Who calls. To take records along is more than to look at them: it needs rights that are known to hold, as a write does.
    func authorise() async throws -> RecordCall {
        let call = try await engine.authorise(context, type, .export)
        try call.require(.read)
        return call
    }

    /// Where the export begins, or goes on. Throws what is wrong with the request.
    func begin(_ call: RecordCall, _ binding: [UInt8]) throws -> ExportPlace {
        try SortOrder.check(count: message.count(request.orderBy))
        guard message.has(request.resumeToken), case let token = message.string(request.resumeToken) ?? "",
            !token.isEmpty
        else { return ExportPlace() }
        return try ExportPlace.read(token, of: engine.tokens, binding: binding, order: order(call))
    }

    func page(after place: Keyset?) async throws -> Page {
        let call = try await authorise()
        let (selection, order) = (try await selection(call), try order(call))
        let size = order.followsAnIndex(selection.lifetime) ? Self.pageSize : Self.sortedPageSize
        let query = ListQuery(selection: selection, order: order, pageSize: size, place: place)
        let mask = try ReadMask(message.mask(request.readMask, of: call.type), of: call.type)
        let (text, parameters) = query.page()
        let rows = try await engine.database.read(
            call.actor, at: engine.place(of: call), deadline: call.deadline, engine.scan(text), parameters)
        let isCut = try query.isBounded && RowBytes.areCut(rows, order.source)
        return Page(
            call: call, order: order, mask: mask, rows: rows.prefix(size), hasMore: rows.count > size || isCut)
    }

    private func selection(_ call: RecordCall) async throws -> Selection {
        let node = try await filter(call)
        let showsDeleted = message.has(request.showDeleted) && message.bool(request.showDeleted)
        return Selection(
            call: call, filter: try engine.resolve(node, call), lifetime: showsDeleted ? .any : .living, action: .export
        )
    }

    private func filter(_ call: RecordCall) async throws -> FilterNode? {
        try await engine.filter(message.message(request.filter), message.string(request.expression), call)
    }

    private func order(_ call: RecordCall) throws -> SortOrder {
        try SortOrder(message.strings(request.orderBy), call)
    }

    /// What a token is good for: this export of this caller.
    func binding(_ call: RecordCall) -> [UInt8] {
        let bound = copy(only: request.selecting + request.shaping)
        bound.setStrings(request.orderBy, SortOrder.bound(message.strings(request.orderBy), call))
        return call.binding(of: bound, to: "export")
    }

    /// What the ledger keeps of the request: of its filter the fields and how they are compared. The values may be somebody's, and the
    /// ledger is kept when that person's records are gone.
    func trace(_ call: RecordCall) async throws -> Message {
        let trace = copy(only: request.shaping)
        if let filter = try await filter(call) { trace.setString(request.expression, filter.textWithoutValues) }
        return trace
    }

    private func copy(only fields: [FieldDescriptor]) -> Message {
        let copy = Message.make(message.descriptor, in: message.arena)
        copy.copyFields(from: message, only: fields)
        return copy
    }
}
