import AccessControl
import Contracts
import Formulas
import Postgres
import RPC
import Reactor
import Tenancy
import TenantDatabase
import Wire

/// For how many of the records that are there a condition holds. They are looked at from the last to be created on, to a bound.
struct RulePreview {
    let engine: RecordEngine
    let call: RecordCall

    /// Records that are looked at.
    static let recordsMax = 5_000
    private static let (pageSize, examplesMax) = (200, 3)

    func run(_ condition: String) async throws -> PreviewRuleResponse {
        let demand = try demand(condition)
        for field in demand.inputs { try call.rights.requireReadable(field) }
        var response = PreviewRuleResponse(holdingCount: 0, lookedCount: 0)
        var looked = 0
        var last: RecordID?
        // A formula may look for patterns in long texts.
        var pace = Pace()
        while looked < Self.recordsMax {
            let rows = try await page(before: last)
            for row in rows.prefix(Self.recordsMax - looked) {
                await pace.step()
                let record = try call.type.record(row, in: Arena())
                var told = ToldRecord(record, call.type)
                var budget = FormulaBudget()
                looked += 1
                last = record.id(call.type.standard.id.descriptor)
                guard demand.holds(for: &told, &budget) else { continue }
                response.holdingCount = (response.holdingCount ?? 0) + 1
                if response.exampleIDs.count < Self.examplesMax, let last { response.exampleIDs.append(last.text) }
            }
            guard rows.count == size else {
                response.complete = true
                break
            }
        }
        response.lookedCount = Int32(looked)
        if !response.exampleIDs.isEmpty { try await engine.readBudget.take(all: response.exampleIDs.count, call) }
        return response
    }

    private func demand(_ condition: String) throws -> WorkspaceRule {
        let types = Dictionary(
            call.type.fields.compactMap { field in field.formulaType.map { (field.name, $0) } },
            uniquingKeysWith: { first, _ in first })
        do {
            _ = try Formula(condition, over: types, giving: .flag)
        } catch {
            throw RecordErrors.invalid(
                .formulaInvalid, "At character \(error.position) of the formula: \(error.text).", field: "condition")
        }
        let rule = TenantRule(
            id: .zero, name: "", object: call.type.object, condition: condition, message: "")
        guard let demand = WorkspaceRule(rule, over: call.type.fields) else {
            preconditionFailure("what was checked is a formula")
        }
        return demand
    }

    private var size: Int { min(Self.pageSize, max(1, call.type.rowsAtOnce)) }

    private func page(before last: RecordID?) async throws -> Rows {
        let type = call.type
        var parameters = Parameters()
        var condition = Selection(call: call, filter: nil, lifetime: .living, action: .read).condition(&parameters)
        if let last {
            parameters.append(last)
            condition += " AND \(type.standard.id.column) < $\(parameters.count)"
        }
        let text =
            "SELECT \(type.columnList) FROM \(type.source) WHERE \(condition) ORDER BY \(type.standard.id.column) DESC LIMIT \(size)"
        return try await DatabaseErrors.translated {
            try await engine.database.read(
                call.actor, at: engine.place(of: call), deadline: call.deadline, engine.scan(text), parameters)
        }
    }
}
