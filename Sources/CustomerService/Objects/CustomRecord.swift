import CustomerContracts
import Records

/// Records of the objects that workspaces define. What each object has of its own comes from the workspace's model.
enum CustomRecord {
    static let type = RecordType(
        Record.self, table: "custom_records",
        fields: [
            .field("display_name", .line(200), .indexed, .foundByPart),
            .field("number", .outputOnly, .line(100), .indexed, .foundByPart),
            .field("external_id", .line(100), .unique("custom_records_external_id_key")),
        ],
        rules: RecordRules(guard: { change, transaction in
            guard change.kind == .create, let own = change.type.own else { return }
            try RecordNumber.announce(own, in: transaction)
            if let number = try await RecordNumber.next(of: own, for: change, in: transaction) {
                change.after.set("number", number)
            }
        }))
}
