import AccessControl
import Credentials
import Postgres
import RPC
import Reactor
import Tenancy
import TenantDatabase
import Wire

/// Lists the changes of one record, newest first, by the rights of now. One round trip; more for a page of so many changes that their
/// rows could be too much at once.
struct ListChangesMethod {
    private let engine: RecordEngine
    private let type: RecordType
    private let method: MethodDefinition
    private let id, showDeleted, pageSize, pageToken: FieldDescriptor
    private let fields: HistoryFields
    private let nextPageToken: FieldDescriptor

    init(_ engine: RecordEngine, _ shape: MethodShape) throws {
        self.engine = engine
        type = shape.type
        method = shape.method
        id = try shape.request("id")
        showDeleted = try shape.request("show_deleted")
        pageSize = try shape.request("page_size")
        pageToken = try shape.request("page_token")
        fields = try HistoryFields(shape)
        nextPageToken = try shape.response("next_page_token")
    }

    @Sendable func answer(_ request: Message, _ context: CallContext) async throws -> [UInt8] {
        let call = try await engine.authorise(context, type, .read)
        let id = try RecordEngine.id(request.string(id), field: "id")
        let size = try ListQuery.pageSize(of: request, pageSize)
        let lifetime: Lifetime = request.has(showDeleted) && request.bool(showDeleted) ? .any : .living
        let list = fingerprint(id, lifetime, call)
        let token = request.string(pageToken) ?? ""
        let writer = HistoryWriter(call, fields)
        let place = token.isEmpty ? nil : try place(token, list)
        let granted = try await engine.readBudget.take(atMost: size, call)
        var written = 0
        defer { engine.readBudget.giveBack(granted - written, call) }
        let page = HistoryQuery(
            selection: Selection(call: call, filter: nil, lifetime: lifetime, action: .read), id: id,
            keys: writer.keys, rowCount: granted, place: place)
        do {
            let next = try await write(page, to: writer, &written)
            let answer = Message.make(method.response, in: context.arena)
            if let next { answer.setString(nextPageToken, try engine.tokens.make(next.keyset, list: list)) }
            writer.write(fieldsOf: answer)
            return writer.bytes
        } catch {
            throw DatabaseErrors.translate(error, type)
        }
    }

    /// What must stay the same from page to page: the caller, the record and whether it may be a deleted one.
    private func fingerprint(_ id: RecordID, _ lifetime: Lifetime, _ call: RecordCall) -> [UInt8] {
        let user = call.actor.userID?.id.bytes ?? []
        return TokenDigest.sha256(
            Array(method.path.utf8) + [0] + call.actor.tenantID.id.bytes + user + id.bytes + [UInt8(lifetime.rawValue)])
    }

    private func place(_ token: String, _ list: [UInt8]) throws -> HistoryQuery.Place {
        guard let bytes = engine.tokens.place(token, list: list), let keyset = KeysetCoder.decode(bytes),
            let place = HistoryQuery.Place(keyset)
        else { throw PageToken.refusal }
        return place
    }

    /// Writes the changes of the page, read as many at a time as may be in memory: each row has a record twice. Returns where the next
    /// page begins; nil after the last change.
    private func write(
        _ page: HistoryQuery, to writer: HistoryWriter, _ written: inout Int
    ) async throws -> HistoryQuery.Place? {
        let call = page.selection.call
        let rowsAtOnce = max(RowBytes.rowsAtOnceMin, call.type.rowsAtOnce / 2)
        var part = page
        defer { ListMethod.rowCost.charge(written, bytes: writer.count, to: call.context) }
        while written < page.rowCount {
            let count = min(page.rowCount - written, rowsAtOnce)
            part.rowCount = count + 1
            let rows = try await read(part)
            guard let first = rows.first else { throw RecordErrors.notFound(type, id: page.id.text) }
            if first.isNull(.version) { return nil }
            let done = try await write(rows.prefix(count), to: writer, isFirst: written == 0)
            written += done
            guard done < rows.count else { return nil }
            if done > 0 { part.place = try rows[done - 1].historyPlace() }
            if done < count { break }
        }
        return part.place
    }

    /// Writes the changes that the page has room for, its first one in any case. Returns their number.
    private func write(_ rows: Slice<Rows>, to writer: HistoryWriter, isFirst: Bool) async throws -> Int {
        var pace = Pace()
        for (index, row) in rows.enumerated() {
            let bytes = writer.count
            try writer.write(row)
            if writer.count > ListQuery.pageBytesMax, index > 0 || !isFirst {
                writer.truncate(to: bytes)
                return index
            }
            await pace.step()
        }
        return rows.count
    }

    /// A scan: a record may have any number of changes of fields that the caller may not see.
    private func read(_ query: HistoryQuery) async throws -> Rows {
        let call = query.selection.call
        let (text, parameters) = query.page()
        return try await engine.database.read(
            call.actor, deadline: call.deadline, engine.scan(text), parameters)
    }
}

// A place as a page token holds it.
extension HistoryQuery.Place {
    fileprivate var keyset: Keyset { Keyset(values: [.integer(version), .id(rowID)]) }

    fileprivate init?(_ keyset: Keyset) {
        guard keyset.values.count == 2, case .integer(let version) = keyset.values[0],
            case .id(let rowID) = keyset.values[1]
        else { return nil }
        self.init(version: version, rowID: rowID)
    }
}
