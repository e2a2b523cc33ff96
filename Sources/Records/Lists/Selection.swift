import AccessControl
package import Postgres
package import RPC
import Reactor
import TenantDatabase
package import Wire

/// The records that a caller may read and that fulfil a filter, as SQL: for a custom method's own SELECT.
package struct Selection: Sendable {
    package let call: RecordCall
    /// A condition with the parameters $1 … $n; the rest of the statement uses the numbers after them.
    package let predicate: String
    /// The values of the condition; append your own after them.
    package let parameters: Parameters

    /// The columns of a record, for a SELECT whose rows `records` reads.
    package var columns: String { call.type.columnList }

    /// The records of rows that consist of `columns`, as the caller may see them.
    package func records<Value: WireMessage>(_ rows: Rows, as value: Value.Type) async throws -> [Value] {
        var pace = Pace()
        return try await pace.map(rows) { row in
            let record = try call.type.record(row, in: call.context.arena)
            call.rights.filter(record)
            return record.value(value)
        }
    }
}

extension RecordEngine {
    /// Authorises reading and turns a filter into SQL. At most one of the filter's two forms may be given.
    ///
    /// - Throws: INVALID_ARGUMENT for a wrong filter; PERMISSION_DENIED without the right to read, and for a field that
    ///   the caller may not fully read.
    package func select(
        _ context: CallContext, _ type: RecordType, filter: (any WireMessage)? = nil, expression: String? = nil
    ) async throws -> Selection {
        let call = try await authorise(context, type, .read)
        let asked = try await self.filter(filter?.message(in: context.arena), expression, call)
        return try selection(call, try resolve(asked, call), .living)
    }

    /// Runs reading statements of one's own in the caller's tenant, all of one moment and in one round trip.
    package func snapshot(
        _ context: CallContext, _ statements: [(Statement, Parameters)]
    ) async throws -> [Rows] {
        do {
            return try await database.batch(
                context.requireTenantCaller(), deadline: context.deadline.nanoseconds, access: .snapshot, statements)
        } catch {
            throw DatabaseErrors.translate(error, nil)
        }
    }

    /// Runs a reading statement of one's own in the caller's tenant.
    package func read(
        _ context: CallContext, _ statement: Statement, _ parameters: Parameters
    ) async throws -> Rows {
        do {
            return try await database.read(
                context.requireTenantCaller(), deadline: context.deadline.nanoseconds, statement, parameters)
        } catch {
            throw DatabaseErrors.translate(error, nil)
        }
    }

    /// The condition of a list: scope, lifetime and filter. What is to be changed must be readable, too.
    func selection(
        _ call: RecordCall, _ filter: ResolvedFilter?, _ lifetime: Lifetime, for action: Action = .read
    ) throws -> Selection {
        var parameters = Parameters()
        var conditions: [String] = []
        if let living = lifetime.condition(call.type) { conditions.append(living) }
        for action in action == .read ? [.read] : [.read, action] {
            if let scope = call.predicate(action).condition(call.type, &parameters) { conditions.append(scope) }
        }
        if let filter {
            var sql = FilterSQL(after: parameters)
            conditions.append("(\(sql.condition(filter)))")
            parameters = sql.parameters
        }
        let predicate = conditions.isEmpty ? "true" : conditions.joined(separator: " AND ")
        return Selection(call: call, predicate: predicate, parameters: parameters)
    }

    func resolve(_ filter: FilterNode?, _ call: RecordCall) throws -> ResolvedFilter? {
        let resolver = FilterResolver(type: call.type, rights: call.rights) { object in
            try self.type(object).map(call.with)
        }
        return try filter.map(resolver.resolve)
    }

    /// Bytes of a filter from which reading it takes longer than asking whether its scan would be refused anyway: some ten conditions.
    /// Shorter ones may be known to be quick, which only their SQL tells.
    static let longFilterBytes = 512

    /// Reads either form of a filter. Throws RESOURCE_EXHAUSTED with WORKSPACE_BUSY for a long one that would be read in vain.
    func filter(_ message: Message?, _ expression: String?, _ call: RecordCall) async throws -> FilterNode? {
        let bytes = message.map { WireCodec.encodedSize($0) } ?? expression?.utf8.count ?? 0
        if bytes >= Self.longFilterBytes {
            do {
                try await database.checkScanLine(of: call.caller)
            } catch {
                throw DatabaseErrors.translate(error, call.type)
            }
        }
        return try Self.filter(message, expression)
    }

    private static func filter(_ message: Message?, _ expression: String?) throws -> FilterNode? {
        guard let expression, !expression.isEmpty else { return try message.map { try FilterNode($0) } }
        guard message == nil else {
            throw RecordErrors.invalid(
                .filterMalformed, "Send either filter or filter_expression, not both.",
                field: "filter_expression")
        }
        do throws(FilterSyntaxError) {
            return try FilterParser.parse(expression)
        } catch {
            throw RecordErrors.syntax(error)
        }
    }
}
