import Wire

/// A response of a watch as lines.
struct WatchText {
    private let response: Message
    private let client: RecordClient

    init(_ bytes: [UInt8], _ descriptor: MessageDescriptor, _ client: RecordClient) throws {
        response = try bytes.withUnsafeBytes { try WireCodec.decode($0, as: descriptor, arena: Arena()) }
        self.client = client
    }

    private func flag(_ name: String) -> Bool { response.descriptor.field(name).map { response.bool($0) } ?? false }

    private var goneIDs: [String] { response.descriptor.field("gone_ids").map { response.strings($0) } ?? [] }

    var token: String? { response.descriptor.field("resume_token").flatMap { response.string($0) } }

    /// For people.
    var lines: [String] {
        let records = client.records(response).map { record in
            let values = (["id", "version"] + client.noun.label).compactMap { record.descriptor.field($0) }
            return values.map { TerminalText.oneLine(FieldText.text($0, of: record)) }.joined(separator: "  ")
        }
        return (flag("reset") ? ["what was shown before is void"] : []) + records + goneIDs.map { "\($0)  gone" }
            + (flag("snapshot_end") ? ["from now on: changes"] : [])
    }

    /// An object for each.
    var json: [String] {
        var objects: [(String, String)] = flag("reset") ? [("reset", "true")] : []
        objects += client.records(response).map { ("record", MessageJSON.text($0)) }
        objects += goneIDs.map { ("gone_id", JSONText.quoted($0)) }
        if flag("snapshot_end") { objects.append(("snapshot_end", "true")) }
        if let token { objects.append(("resume_token", JSONText.quoted(token))) }
        return objects.map { JSONText.line(JSONText.object([$0])) }
    }
}
