import RPC
import StewardClient

/// What to write in a filter that names another record as create and update do, as in stage = "Won".
enum FilterHint {
    /// Tells it instead of the server's error, which does not know how the command line calls things.
    static func heeded<Value>(_ client: RecordClient, _ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch let error as RPCError {
            if let path = path(error), client.noun.hasCustomFields {
                let custom = try await CustomFieldKinds(of: client.noun, client.connection)
                if let problem = custom.problem(of: path) { throw problem }
            }
            throw problem(error, client.noun) ?? error
        }
    }

    /// The path that a filter has and no record.
    private static func path(_ error: RPCError) -> String? {
        guard error.reason == "FILTER_FIELD_UNKNOWN" else { return nil }
        return error.details.first { $0.key == "field" }?.value
    }

    static func problem(_ error: RPCError, _ noun: RecordNoun) -> UsageProblem? {
        guard let path = path(error), let name = path.split(separator: ".").first.map(String.init),
            let reference = ReferenceResolver.path(name, in: noun.record),
            let other = RecordNouns.named(reference.noun)
        else { return nil }
        let text = "filters do not know \(path); \(noun.plural) have \(reference.target)"
        // Filters follow a reference within a service, and no list of them.
        if let label = other.label.first, other.service == noun.service, !reference.isRepeated {
            return UsageProblem(text, cure: "write \(name).\(label) = \"…\"")
        }
        let mine = name == "owner" ? ", or give --mine for your own" : ""
        return UsageProblem(
            text,
            cure: "write \(reference.target) = \"ID\" with the id that steward \(other.name) get NAME shows\(mine)")
    }
}
