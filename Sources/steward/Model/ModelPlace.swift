import IdentityContracts
import RPC

/// Where in a model something is refused: the server knows an entry by its number, people by its name.
enum ModelPlace {
    /// The error, of which each wrong field is told by the entry that it is in.
    static func named(_ error: RPCError, in model: WorkspaceModel) -> RPCError {
        var named = error
        let violations = error.fieldViolations.map { violation in
            FieldViolation(
                field: place(violation.field, in: model, beside: violation.description), reason: violation.reason,
                description: violation.description)
        }
        guard violations != error.fieldViolations else { return error }
        guard let only = violations.first, violations.count == 1 else {
            named.fieldViolations = violations
            return named
        }
        named.fieldViolations = []
        named.message = "\(only.field): \(error.message)"
        return named
    }

    /// model.fields[1].kind as fields[1] (account.size), kind; without the kind where the text that follows begins with it.
    static func place(_ path: String, in model: WorkspaceModel, beside text: String = "") -> String {
        if let match = path.wholeMatch(of: /model\.(settings\..+)/) { return String(match.1) }
        guard
            let match = path.wholeMatch(
                of:
                    /model\.(objects|choice_lists|fields|roles|views|sharing_rules|validation_rules)\[(\d+)\](?:\.(.+))?/
            ),
            let index = Int(match.2)
        else { return path }
        let name = name(String(match.1), index, in: model).map { " (\($0))" } ?? ""
        let rest = match.3.flatMap { text.hasPrefix("\($0) ") ? nil : ", \($0)" } ?? ""
        return "\(match.1)[\(index)]\(name)\(rest)"
    }

    private static func name(_ list: String, _ index: Int, in model: WorkspaceModel) -> String? {
        switch list {
        case "objects" where model.objects.indices.contains(index): model.objects[index].name
        case "choice_lists" where model.choiceLists.indices.contains(index): model.choiceLists[index].name
        case "fields" where model.fields.indices.contains(index):
            "\(model.fields[index].object ?? "").\(model.fields[index].name ?? "")"
        case "roles" where model.roles.indices.contains(index): model.roles[index].displayName
        case "views" where model.views.indices.contains(index):
            "\(model.views[index].object ?? ""): \(model.views[index].displayName ?? "")"
        case "validation_rules" where model.validationRules.indices.contains(index):
            model.validationRules[index].displayName
        case "sharing_rules" where model.sharingRules.indices.contains(index): model.sharingRules[index].displayName
        default: nil
        }
    }
}
