import CICU

/// The order in which people look for texts: Äpfel beside apfel, ape before Zebra. It is that of the root of CLDR, which suits
/// most languages well enough.
///
/// PostgreSQL sorts by the same order under the name ``collation``. This is the one place where it is chosen: an order for each
/// workspace would begin here.
package enum TextOrder {
    /// PostgreSQL's name of the collation, ready for SQL. Deterministic: only equal texts are equal.
    package static let collation = "pg_catalog.\"und-x-icu\""

    // SAFETY: never changed after it was opened, and comparing may be done on any thread.
    private struct Collator: @unchecked Sendable { let pointer: UnsafeRawPointer }
    private static let root = steward_collator("und").map { Collator(pointer: $0) }

    /// Whether one text comes before another. Texts that the order takes for the same are told apart by their bytes, as
    /// PostgreSQL does.
    package static func precedes(_ one: String, _ other: String) -> Bool {
        guard let root = root?.pointer else {
            preconditionFailure("libicu has no data of collations; reinstall the package libicu72")
        }
        let order = steward_collate(root, one, Int32(one.utf8.count), other, Int32(other.utf8.count))
        return order == 0 ? one.utf8.lexicographicallyPrecedes(other.utf8) : order < 0
    }
}
