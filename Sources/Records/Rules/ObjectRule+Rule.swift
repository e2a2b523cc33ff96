import AccessControl
import Contracts
import Tenancy

extension ObjectRule {
    /// What a caller is to know of a rule: its text always, its condition where he may read all that it asks for.
    init(_ demand: WorkspaceRule, _ call: RecordCall, in language: String?) {
        let rule = demand.rule
        let shown = Set(call.rights.shownFields.map(\.name))
        let isReadable = demand.inputs.allSatisfy(call.rights.isReadable)
        self.init(
            id: rule.id.text, displayName: rule.name, effect: .refuse, condition: isReadable ? rule.condition : nil,
            field: rule.field.flatMap { shown.contains($0) ? $0 : nil }, message: rule.message(in: language),
            binding: demand.binds(call) ? true : nil)
        if case .lock(let fields) = rule.effect {
            effect = .lock
            lockedFields = fields.filter(shown.contains)
        }
    }
}
