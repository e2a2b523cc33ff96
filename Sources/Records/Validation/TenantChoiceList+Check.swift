import AccessControl
import RPC
import Wire

extension TenantChoiceList {
    /// What is wrong with choosing a value; nil for one that may be chosen.
    func violation(of value: String, at path: String) -> FieldViolation? {
        guard let entry = entry(value) else {
            return FieldViolation(field: path, reason: "UNKNOWN_VALUE", description: "\(path) must be \(known).")
        }
        guard entry.isRetired else { return nil }
        let cure =
            entry.successor.map { "take \($0), which took its place" }
            ?? "choose another one, or have an admin bring it back"
        return FieldViolation(
            field: path, reason: "CHOICE_RETIRED",
            description: "\(path): \(value.quoted) is retired, and stays only where it was chosen before; \(cure).")
    }

    /// Values that an error tells.
    private static let toldMax = 20

    private var known: String {
        let living = entries.filter { !$0.isRetired }
        guard !living.isEmpty else { return "empty: there is nothing to choose" }
        let told = living.prefix(Self.toldMax).map(\.value).joined(separator: ", ")
        return "one of\(name.map { " the choice list \($0)" } ?? ""): \(told)"
            + (living.count > Self.toldMax ? " …" : "")
    }
}

extension RecordField {
    /// The texts that a field of one or several of them holds.
    func chosen(in record: Message) -> [String] {
        descriptor.isRepeated ? record.strings(descriptor) : record.string(descriptor).map { [$0] } ?? []
    }
}
