/// An address as it is written on a letter: line by line, in the order of its country.
package struct PostalAddress: Hashable, Sendable {
    package var street, city, region, postalCode: String?
    /// ISO 3166-1 alpha-2.
    package var countryCode: String?

    package init(street: String?, city: String?, region: String?, postalCode: String?, countryCode: String?) {
        (self.street, self.city, self.region) = (street, city, region)
        (self.postalCode, self.countryCode) = (postalCode, countryCode)
    }

    /// The lines that hold something. The country is the last one, or the first where addresses go from the large to the small.
    package var lines: [String] {
        let lines: [String?]
        switch order {
        case .largeFirst(let blank):
            lines = [countryCode, postalCode, joined([region, city, street], by: blank)]
        case .codeThenCity: lines = [street, joined([postalCode, city], by: " "), region, countryCode]
        case .cityRegionCode:
            let place = joined([city, joined([region, postalCode], by: " ")], by: countryCode == "AU" ? " " : ", ")
            lines = [street, place, countryCode]
        case .cityThenCode: lines = [street, city, region, postalCode, countryCode]
        case .cityThenCodeInLine: lines = [street, joined([city, postalCode], by: " "), region, countryCode]
        case .cityThenRegion: lines = [street, joined([postalCode, city, region], by: " "), countryCode]
        }
        return lines.compactMap { $0.flatMap { $0.isEmpty ? nil : $0 } }
    }

    private enum Order {
        /// Country, province, city, street.
        case largeFirst(blank: String)
        /// 10115 Berlin
        case codeThenCity
        /// Springfield, IL 62701
        case cityRegionCode
        /// London, and SW1A 1AA below.
        case cityThenCode
        /// Singapore 018956
        case cityThenCodeInLine
        /// 00184 Roma RM
        case cityThenRegion
    }

    private var order: Order {
        switch countryCode {
        case "CN", "TW", "HK", "MO", "JP", "KR":
            let isLocal = [region, city, street].compactMap { $0 }.contains { !$0.allSatisfy(\.isASCII) }
            // In Latin letters they go from the small to the large.
            guard isLocal else { return .cityRegionCode }
            return .largeFirst(blank: countryCode == "KR" ? " " : "")
        case "US", "CA", "AU", "MX", "BR": return .cityRegionCode
        case "GB", "IE", "ZA", "KE": return .cityThenCode
        case "SG", "IN", "NZ", "TH", "PK", "BD", "LK", "NP": return .cityThenCodeInLine
        case "IT", "ES": return .cityThenRegion
        default: return .codeThenCity
        }
    }

    private func joined(_ parts: [String?], by blank: String) -> String? {
        let parts = parts.compactMap { $0 }.filter { !$0.isEmpty }
        return parts.isEmpty ? nil : parts.joined(separator: blank)
    }
}
