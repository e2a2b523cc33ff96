import RPC
import StewardClient

/// What to write in a filter that names another record as create and update do, as in stage = "Won".
enum FilterHint {
    /// Tells it instead of the server's error, which does not know how the command line calls things.
    static func heeded<Value>(_ noun: RecordNoun, _ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch let error as RPCError {
            throw problem(error, noun) ?? error
        }
    }

    static func problem(_ error: RPCError, _ noun: RecordNoun) -> UsageProblem? {
        guard error.reason == "FILTER_FIELD_UNKNOWN",
            let path = error.details.first(where: { $0.key == "field" })?.value,
            let name = path.split(separator: ".").first.map(String.init),
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
