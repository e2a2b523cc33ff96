import Synchronization
package import Tenancy

/// One SQL command with a slot for the schema, written `{schema}`. The slot is filled by a `TenantSchema` and nothing
/// else, so no text of a user can become SQL.
///
/// Make each statement once (`static let`, or at registration): the prepared statements of a connection are kept
/// under its `id`.
package final class Statement: Sendable {
    /// Tells statements apart within the process.
    package let id: Int
    /// How long it takes depends on what a client asks for and how much the tenant has: a list with any filter and order, a
    /// sum. The pool has such statements take turns.
    package let isScan: Bool
    /// The text around the slots: one slot between each two neighbours.
    private let pieces: [String]

    /// A statement written in the source.
    package convenience init(_ template: StaticString) {
        self.init(unsafeGenerated: template.description)
    }

    /// A statement that the record engine or the migrator composes. The caller vouches that no part of it comes
    /// from a request.
    package init(unsafeGenerated template: String, isScan: Bool = false) {
        self.isScan = isScan
        id = Statement.count.wrappingAdd(1, ordering: .relaxed).newValue
        pieces = Statement.split(template)
    }

    /// Whether the statement names a tenant's schema.
    package var hasSchemaSlot: Bool { pieces.count > 1 }

    /// The SQL for a schema. A statement with a slot cannot be used without a tenant.
    package func text(for schema: TenantSchema?) -> String {
        guard hasSchemaSlot else { return pieces[0] }
        guard let schema else {
            preconditionFailure("a statement with {schema} needs a tenant: \(pieces[0])")
        }
        return pieces.joined(separator: schema.name)
    }

    private static let count = Atomic<Int>(0)
    private static let slot = "{schema}"

    private static func split(_ template: String) -> [String] {
        var pieces: [String] = [""]
        var rest = template[...]
        while let brace = rest.firstIndex(of: "{") {
            pieces[pieces.count - 1] += rest[..<brace]
            rest = rest[brace...]
            if rest.hasPrefix(slot) {
                pieces.append("")
                rest = rest.dropFirst(slot.count)
            } else {
                // A brace of the SQL itself, as in '{}'::jsonb.
                pieces[pieces.count - 1] += "{"
                rest = rest.dropFirst()
            }
        }
        pieces[pieces.count - 1] += rest
        return pieces
    }
}
