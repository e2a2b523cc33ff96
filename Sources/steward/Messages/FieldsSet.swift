import Wire

/// The fields that something sets, each with what sets it: nothing may set one twice, the last would win silently.
///
/// amount and amount.minor_units set the same, amount.currency_code and amount.minor_units do not; account and account_id
/// set the same; contact_points.email adds to a list and may come again.
struct FieldsSet {
    private let record: MessageDescriptor
    private var all: [(path: String, by: String)] = []

    init(of record: MessageDescriptor) {
        self.record = record
    }

    /// Notes a field. What has set it before, if something has.
    mutating func add(_ path: String, by text: String) -> String? {
        let adds = Self.addsToList(path, record)
        let other = all.first { earlier in
            if earlier.path == path { return !adds }
            return earlier.path.hasPrefix(path + ".") || path.hasPrefix(earlier.path + ".")
        }
        all.append((path, text))
        return other?.by
    }

    /// Throws for two assignments, as in city=A, that set the same field.
    static func check(_ assignments: [String], of record: MessageDescriptor) throws(UsageProblem) {
        var fields = FieldsSet(of: record)
        for assignment in assignments {
            guard let (name, _) = FieldAssignment.parts(assignment) else { continue }
            let path = ReferenceResolver.path(name, in: record)?.target ?? name
            guard let other = fields.add(path, by: assignment) else { continue }
            throw UsageProblem(
                "\(other) and \(assignment) set the same field, \(path)",
                cure: record.field(path)?.isRepeated == true
                    ? "give one of them, with all values, as in \(name)=a,b" : "leave one of them out")
        }
    }

    private static func addsToList(_ path: String, _ record: MessageDescriptor) -> Bool {
        let parts = path.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2, let field = record.field(parts[0]), case .message(let type) = field.kind else {
            return false
        }
        return field.isRepeated || addsToList(parts[1], type)
    }
}
