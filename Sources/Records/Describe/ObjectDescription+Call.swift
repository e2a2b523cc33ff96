import AccessControl
import Contracts
import RPC
import Tenancy

extension ObjectSummary {
    init(_ call: RecordCall, of service: ServiceName) {
        self.init(
            object: call.type.object, plural: call.type.plural, service: service.rawValue,
            owned: call.type.ownership == .owned, actions: call.actions, displayName: call.type.own?.displayName,
            pluralDisplayName: call.type.own?.pluralDisplayName, description: call.type.own?.description)
    }
}

extension ObjectDescription {
    /// - Parameter language: of the labels; nil for those without one.
    init(_ call: RecordCall, of service: ServiceName, in language: String?) throws {
        let type = call.type
        // Whoever does nothing with single records is told of none of their fields.
        let told = Action.single.contains(where: call.may) ? type.fields : []
        self.init(
            summary: ObjectSummary(call, of: service), methods: type.methods.told,
            fields: try told.filter { $0.role != .customFields && call.rights.level(of: $0) > .none }.map {
                try ObjectField($0, call, of: service, in: language)
            },
            uniqueFields: type.constraints.filter { $0.fields.count > 1 }.map {
                UniqueFields(names: $0.fields, ignoresCase: $0.ignoringCase ? true : nil)
            },
            upsertField: type.key, rules: told.isEmpty ? [] : type.demands.map { ObjectRule($0, call, in: language) })
    }
}

extension RecordCall {
    /// What the caller may do with records of the type.
    var actions: [ObjectAction] {
        Action.asked.compactMap { action in
            // Nobody owns what belongs to the workspace, so it is given to nobody.
            if action == .reassign, type.methods.reassignMatching == nil { return nil }
            return scope(of: action).map { ObjectAction(action: action.name, scope: $0) }
        }
    }

    /// The records with which an action may be done; nil for none.
    private func scope(of action: Action) -> GrantScope? {
        guard may(action) else { return nil }
        if type.ownership == .shared { return .all }
        return switch access.scope(action) {
        case .none: nil
        case .unit where access.units(of: action).isEmpty, .subtree where access.units(of: action).isEmpty, .own: .own
        case .unit: .unit
        case .subtree: .subtree
        case .all: .all
        }
    }
}

extension RecordMethods {
    /// The standard methods by name, in the order of the template.
    fileprivate var told: [ObjectMethod] {
        let methods = [
            ("get", get), ("batch_get", batchGet), ("list", list), ("create", create), ("batch_create", batchCreate),
            ("update", update), ("batch_update", batchUpdate), ("upsert", upsert), ("delete", delete),
            ("batch_delete", batchDelete), ("restore", restore), ("batch_restore", batchRestore), ("export", export),
            ("list_changes", listChanges), ("undo_change", undo), ("update_matching", updateMatching),
            ("delete_matching", deleteMatching), ("reassign_matching", reassignMatching), ("watch", watch),
        ]
        return methods.compactMap { name, method in method.map { ObjectMethod(name: name, path: $0.path) } }
    }
}
