import Text
import Wire

/// The address of a record as its country writes it, below its fields.
enum AddressText {
    static let title = "(address)"

    /// Line by line; nil for a record that has no street, and so no address to write to.
    static func text(of record: Message) -> String? {
        func value(_ name: String) -> String? { record.descriptor.field(name).flatMap { record.string($0) } }
        guard let street = value("street") else { return nil }
        let address = PostalAddress(
            street: street, city: value("city"), region: value("region"), postalCode: value("postal_code"),
            countryCode: value("country_code"))
        return address.lines.map(TerminalText.oneLine).joined(separator: "\n")
    }
}
