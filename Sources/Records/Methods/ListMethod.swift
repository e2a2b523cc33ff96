import AccessControl
import Postgres
import RPC
import Reactor
import Tenancy
import TenantDatabase
import Wire

/// Lists records page by page. One round trip, and one for an estimate of the count.
struct ListMethod {
    static let rowCost = RowCost(countIncluded: 50, countPerUnit: 16)

    private let engine: RecordEngine
    private let type: RecordType
    private let request: RequestFields
    private let response: MessageDescriptor
    private let records, nextPageToken, count: FieldDescriptor
    private let countValue, countEstimated: FieldDescriptor

    private struct RequestFields {
        let filter, expression, orderBy, pageSize, pageToken, readMask, includeCount,
            showDeleted: FieldDescriptor

        init(_ shape: MethodShape) throws {
            filter = try shape.request("filter")
            expression = try shape.request("filter_expression")
            orderBy = try shape.request("order_by", repeated: true)
            pageSize = try shape.request("page_size")
            pageToken = try shape.request("page_token")
            readMask = try shape.request("read_mask", repeated: true)
            includeCount = try shape.request("include_count")
            showDeleted = try shape.request("show_deleted")
        }
    }

    init(_ engine: RecordEngine, _ shape: MethodShape) throws {
        self.engine = engine
        type = shape.type
        request = try RequestFields(shape)
        response = shape.method.response
        records = try shape.responseRecord(repeated: true)
        nextPageToken = try shape.response("next_page_token")
        count = try shape.response("count")
        guard case .message(let counted) = count.kind, let value = counted.field("value"),
            let estimated = counted.field("estimated")
        else {
            throw DeclarationError(
                object: type.object, problems: ["\(response.name).count is no RecordCount."])
        }
        (countValue, countEstimated) = (value, estimated)
    }

    @Sendable func answer(_ message: Message, _ context: CallContext) async throws -> [UInt8] {
        let call = try await engine.authorise(context, type, .read)
        let size = try ListQuery.pageSize(of: message, request.pageSize)
        let mask = try ReadMask(message.mask(request.readMask, of: call.type), of: call.type)
        try SortOrder.check(count: message.count(request.orderBy))
        let order = try SortOrder(message.strings(request.orderBy), call)
        let node = try await engine.filter(
            message.message(request.filter), message.string(request.expression), call)
        let filter = try engine.resolve(node, call)
        let showsDeleted = flag(request.showDeleted, of: message)
        let selection = Selection(
            call: call, filter: filter, lifetime: showsDeleted ? .any : .living, action: .read)
        let token = message.has(request.pageToken) ? message.string(request.pageToken) : nil
        let place = try token.flatMap {
            $0.isEmpty ? nil : try engine.tokens.read($0, list: fingerprint(message, call), order: order)
        }
        let granted = try await engine.readBudget.take(atMost: size, call)
        var written = 0
        defer { engine.readBudget.giveBack(granted - written, call) }
        let query = ListQuery(selection: selection, order: order, pageSize: granted, place: place)
        let page = try await run(query, message, mask)
        written = page.count
        return page.answer
    }

    private func flag(_ field: FieldDescriptor, of message: Message) -> Bool {
        message.has(field) && message.bool(field)
    }

    /// What must stay the same from page to page: the caller, the filter, the order and whether the deleted are shown.
    private func fingerprint(_ message: Message, _ call: RecordCall) -> [UInt8] {
        let bound = Message.make(message.descriptor, in: message.arena)
        bound.copyFields(
            from: message, only: [request.filter, request.expression, request.orderBy, request.showDeleted])
        bound.setStrings(request.orderBy, SortOrder.bound(message.strings(request.orderBy), call))
        return call.binding(of: bound)
    }

    /// The answer, and how many records are in it.
    private func run(
        _ query: ListQuery, _ message: Message, _ mask: ReadMask
    ) async throws -> (answer: [UInt8], count: Int) {
        let call = query.selection.call
        let answer = Message.make(response, in: call.context.arena)
        do {
            let writer = RecordWriter(call, mask, count: min(query.pageSize, call.type.rowsAtOnce))
            let counts = flag(request.includeCount, of: message)
            let (count, place) = try await write(query, counts: counts, to: writer, answer)
            if let place {
                answer.setString(nextPageToken, try engine.tokens.make(place, list: fingerprint(message, call)))
            }
            writer.write(fieldsOf: answer)
            return (writer.bytes, count)
        } catch {
            throw DatabaseErrors.translate(error, type)
        }
    }

    /// Writes the records of the page. Returns their number and where the next page begins; nil after the last record.
    private func write(
        _ query: ListQuery, counts: Bool, to writer: RecordWriter, _ answer: Message
    ) async throws -> (count: Int, next: Keyset?) {
        let call = query.selection.call
        let rows = try await read(query, counts: counts, into: answer)
        let written = try await write(rows.prefix(query.pageSize), to: writer)
        Self.rowCost.charge(written, bytes: writer.count, to: call.context)
        let isCut = try query.isBounded && RowBytes.areCut(rows, query.order.source)
        guard written < rows.count || isCut else { return (written, nil) }
        return (written, try Keyset(rows[written - 1], in: query.order, arena: call.context.arena))
    }

    /// Writes the records that the page has room for, its first one in any case. Returns their number.
    private func write(_ rows: Slice<Rows>, to writer: RecordWriter) async throws -> Int {
        var pace = Pace()
        for (index, row) in rows.enumerated() {
            let bytes = writer.count
            try writer.write(row, as: records)
            if writer.count > ListQuery.pageBytesMax, index > 0 {
                writer.truncate(to: bytes)
                return index
            }
            await pace.step()
        }
        return rows.count
    }

    /// Rows of the page; sets the count when it is asked for. Both see the same moment.
    private func read(_ query: ListQuery, counts: Bool, into answer: Message) async throws -> Rows {
        let call = query.selection.call
        let page = query.page()
        let statement = engine.scan(page.text)
        guard counts else {
            return try await engine.database.read(
                call.actor, at: engine.place(of: call), deadline: call.deadline, statement, page.parameters)
        }
        let total = query.count()
        let results = try await engine.database.batch(
            call.actor, at: engine.place(of: call), deadline: call.deadline, access: .snapshot,
            [(statement, page.parameters), (engine.scan(total.text), total.parameters)])
        let exact = try results[1].one().int64(0)
        let isEstimate = exact > ListQuery.exactCountMax
        let nested = answer.makeMessage(count)
        nested.setInt64(countValue, isEstimate ? max(exact, try await estimate(query)) : exact)
        nested.setBool(countEstimated, isEstimate)
        return results[0]
    }

    private func estimate(_ query: ListQuery) async throws -> Int64 {
        let call = query.selection.call
        let (text, parameters) = query.estimate()
        let plan = try await engine.database.read(
            call.actor, at: engine.place(of: call), deadline: call.deadline, engine.statement(text), parameters)
        return ListQuery.expectedRows(try plan.first?.string(0) ?? "") ?? 0
    }
}
