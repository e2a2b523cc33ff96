import AccessControl
package import Logging
import Postgres
package import RPC
package import Tenancy
import Wire

/// Gives records what their roll-ups say of those that name them: of marked records (`markRollUps`), and of all records of a kind whose roll-ups were
/// defined or changed. Each is changed by the write path, as a change of the program.
package struct RollUpKeeper: Sendable {
    private let engine: RecordEngine
    private let method: MethodDefinition
    private let logger: Logger

    /// Marks that are taken in one step, and records of a kind that are looked at anew in one.
    private static let (marksMax, pageSize) = (1_000, 200)

    /// - Parameter method: the one that would do it, for the ledger.
    package init(_ engine: RecordEngine, doing method: MethodDefinition, _ logger: Logger) {
        (self.engine, self.method, self.logger) = (engine, method, logger)
    }

    /// Does a part of what is to be done.
    ///
    /// - Returns: whether more is to be done.
    package func step(_ tenant: TenantID, deadline: Deadline) async throws -> Bool {
        try engine.policies.requireFreshForWrite()
        let program = TenantActor(tenant, purpose: .reckonRollUps, onBehalfOf: nil)
        return try await engine.transaction(as: program, doing: method, deadline: deadline, logger: logger) {
            transaction in
            let taken = try await transaction.query(Query(Self.take) { $0.append(Int64(Self.marksMax)) })
            var marked: [String: Set<RecordID>] = [:]
            for row in taken { marked[try row.string(0), default: []].insert(try row.id(1)) }
            for (object, ids) in marked.sorted(by: { $0.key < $1.key }) {
                guard let type = try await transaction.type(object) else { continue }
                for page in ids.sorted().chunks(of: Self.pageSize) { try await Self.reckon(type, page, transaction) }
            }
            return !taken.isEmpty
        }
    }

    /// Reckons records of a kind. They are held before those that name them are looked at, so that of two who do so at once the later one sees what the
    /// earlier one saw, and more.
    static func reckon(_ type: RecordType, _ ids: [RecordID], _ transaction: RecordTransaction) async throws {
        let shape = try await transaction.call(type).type
        let records = try await transaction.load(type, ids: ids, for: .update, lifetime: .any)
        var rollUps: [(RecordRollUp, [RecordID: Row])] = []
        for field in shape.customFields {
            guard let object = field.added?.rollUp?.object, let children = try await transaction.type(object),
                let rollUp = RecordRollUp(field, try await transaction.call(children))
            else { continue }
            let (text, parameters) = rollUp.statement(ids)
            var values: [RecordID: Row] = [:]
            for row in try await transaction.query(transaction.engine.statement(text), parameters) {
                values[try row.id(0)] = row
            }
            rollUps.append((rollUp, values))
        }
        for id in ids {
            guard let record = try records[id]?.get() else { continue }
            do {
                _ = try await transaction.alone {
                    try await transaction.update(record, by: .program) { message in
                        for (rollUp, values) in rollUps { try rollUp.set(values[id], in: message) }
                    }
                }
            } catch let error as RPCError where error.code != .unavailable {
                // What cannot be stored as it is stays as it is.
                continue
            }
        }
    }

    private static let take = Statement(
        """
        DELETE FROM {schema}.roll_up_marks WHERE number IN (
            SELECT number FROM {schema}.roll_up_marks ORDER BY number LIMIT $1 FOR UPDATE SKIP LOCKED)
        RETURNING object, record_id
        """)
}

extension [RecordID] {
    fileprivate func chunks(of size: Int) -> [[RecordID]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}

extension RecordRollUp {
    /// Sets its field to what a row of its statement says; without a row nothing names the record.
    fileprivate func set(_ row: Row?, in record: Message) throws {
        guard let row, !row.isNull(1) else {
            return function == .count ? record.setInt64(field.descriptor, 0) : record.clear(field.descriptor)
        }
        switch field.kind {
        case .int64: record.setInt64(field.descriptor, try row.int64(1))
        case .double: record.setDouble(field.descriptor, try row.double(1))
        case .text: record.setString(field.descriptor, try row.string(1))
        case .bool: record.setBool(field.descriptor, try row.bool(1))
        case .date: record.setString(field.descriptor, try row.day(1).text)
        case .time(let fields): record.makeMessage(field.descriptor).set(try row.timestamp(1), fields)
        case .money(let fields):
            let money = record.makeMessage(field.descriptor)
            money.setInt64(fields.minorUnits, try row.int64(1))
            money.setString(fields.currency, try row.string(2))
        case .id, .idArray, .textArray, .int32, .enumeration, .json: record.clear(field.descriptor)
        }
    }
}
