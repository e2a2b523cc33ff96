import CICU

/// An order in which people look for texts: Äpfel beside apfel, ape before Zebra.
///
/// PostgreSQL sorts by the same order under the name ``collation``. That of the root of CLDR suits most languages well enough: filters, unique
/// values and indexes go by it. Others are those of lists that ask for them.
package struct TextOrder: Sendable {
    /// As `order_by` calls it, behind `collate`.
    package let name: String
    /// PostgreSQL's name of the collation, ready for SQL. Deterministic: only equal texts are equal.
    package let collation: String
    private let collator: Collator

    // SAFETY: never changed after it was opened, and comparing may be done on any thread.
    private struct Collator: @unchecked Sendable { let pointer: UnsafeRawPointer }

    private init(_ name: String, _ language: String) {
        self.name = name
        collation = "pg_catalog.\"\(language)-x-icu\""
        guard let pointer = steward_collator(language) else {
            preconditionFailure("libicu has no data of collations; reinstall the package libicu72")
        }
        collator = Collator(pointer: pointer)
    }

    package static let root = TextOrder("root", "und")

    /// Of Chinese by pinyin and by strokes, and of languages that have letters in another place than the root: PostgreSQL has them all.
    private static let others: [String: TextOrder] = {
        let languages = """
            af az be bg bs ca cs cy da de el eo es et fa fi fo fr gl haw he hi hr hu hy id is it ja ka kk kl ko lt lv mk mn mt nb nl nn pl pt ro \
            ru se sk sl sq sr sv sw ta th tr uk ur uz vi yo zu
            """.split(separator: " ").map { ("\($0)", "\($0)") }
        let orders = ([("pinyin", "zh"), ("stroke", "zh-Hant"), ("root", "und")] + languages).map(TextOrder.init)
        return Dictionary(orders.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }()

    /// Nil for a name that no order has.
    package static func named(_ name: String) -> TextOrder? { others[name] }

    /// The names of all, for whoever got none right.
    package static var names: [String] { others.keys.sorted() }

    /// That of the language which most people in a country speak (ISO 3166-1 alpha-2).
    package static func of(country: String?) -> TextOrder {
        guard let country, let language = Country.language(of: country) else { return root }
        switch language {
        case "zh": return named("pinyin") ?? root
        case "zh-Hant": return named("stroke") ?? root
        default: return named(language) ?? root
        }
    }

    /// Whether one text comes before another. Texts that the order takes for the same are told apart by their bytes, as
    /// PostgreSQL does.
    package func precedes(_ one: String, _ other: String) -> Bool {
        let order = steward_collate(
            collator.pointer, one, Int32(one.utf8.count), other, Int32(other.utf8.count))
        return order == 0 ? one.utf8.lexicographicallyPrecedes(other.utf8) : order < 0
    }
}
