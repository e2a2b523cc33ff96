import AccessControl
import Postgres
import Tenancy

extension ScopePredicate {
    /// SQL that selects the records in the scope, with its parameters appended; nil when all are.
    func condition(_ type: RecordType, _ parameters: inout Parameters) -> String? {
        guard let owner = type.standard.owner?.column, let department = type.standard.department?.column
        else {
            return self == .all ? nil : "false"
        }
        switch self {
        case .all: return nil
        case .none: return "false"
        case .owner(let user):
            parameters.append(user.id)
            return "\(owner) = $\(parameters.count)"
        case .ownerOrUnits(let user, let units):
            parameters.append(user.id)
            parameters.append(units)
            return "(\(owner) = $\(parameters.count - 1) OR \(department) = ANY ($\(parameters.count)))"
        }
    }
}

/// Which records a statement sees with regard to deletion.
enum Lifetime {
    case living, deleted, any

    func condition(_ type: RecordType) -> String? {
        let column = type.standard.deleteTime.column
        return switch self {
        case .living: "\(column) IS NULL"
        case .deleted: "\(column) IS NOT NULL"
        case .any: nil
        }
    }
}
