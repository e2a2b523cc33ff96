import Wire

/// The records that values name, all of them: a page of a list ends at 1,000 records, or at 3 MiB, and names may be those of any number.
struct NamedRecords {
    /// What a value names.
    struct Named {
        var records: [Message] = []
        /// There are more than these.
        var isCut = false
        fileprivate var ids: Set<String> = []
    }

    let noun: RecordNoun
    /// What the values are of; nil: names.
    let field: String?
    /// The most that are told of one value: enough to tell which of several is meant by what else is known of it.
    var recordsPerValueMax = 1_000
    /// Asks for a page of a look-up: the first one, or that of a token.
    let ask: (_ lookup: NameLookup, _ token: String?) async throws -> RecordPage

    /// By the values, each of which has an entry. What does not fit a page is asked for again in halves, at last value by value, so that
    /// none is taken for unknown or for the only one of its name since others filled the page.
    func look(up values: [String]) async throws -> [String: Named] {
        guard values.count > 1 else { return try await pages(of: values) }
        if let found = try await onePage(values) { return found }
        let middle = values.count / 2
        let first = try await look(up: Array(values[..<middle]))
        return first.merging(try await look(up: Array(values[middle...]))) { one, _ in one }
    }

    /// Nil when it does not fit.
    private func onePage(_ values: [String]) async throws -> [String: Named]? {
        var found = Self.nothing(values)
        for lookup in NameLookup.lookups(of: values, by: field, noun) {
            let page = try await ask(lookup, nil)
            guard page.next == nil else { return nil }
            add(page.records, of: lookup, to: &found)
        }
        return found
    }

    /// All pages of one value. Those whose names only look like it count for nothing.
    private func pages(of value: [String]) async throws -> [String: Named] {
        var found = Self.nothing(value)
        for lookup in NameLookup.lookups(of: value, by: field, noun) {
            var token: String?
            repeat {
                let page = try await ask(lookup, token)
                add(page.records, of: lookup, to: &found)
                token = page.next
            } while token != nil && !found.values.contains(where: \.isCut)
        }
        return found
    }

    private static func nothing(_ values: [String]) -> [String: Named] {
        Dictionary(values.map { ($0, Named()) }, uniquingKeysWith: { first, _ in first })
    }

    /// A record may be found by two look-ups, as by the parts of its name.
    private func add(_ records: [Message], of lookup: NameLookup, to found: inout [String: Named]) {
        guard let id = noun.record.field("id") else { return }
        for record in records {
            guard let value = lookup.value(of: record), let id = record.string(id),
                found[value, default: Named()].ids.insert(id).inserted
            else { continue }
            if found[value, default: Named()].records.count < recordsPerValueMax {
                found[value]?.records.append(record)
            } else {
                found[value]?.isCut = true
            }
        }
    }
}

/// A page of a list.
struct RecordPage {
    let records: [Message]
    /// Token of the next; nil for the last.
    let next: String?
}
