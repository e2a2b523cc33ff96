import CICU

/// Countries by what people write for them.
package enum Country {
    /// The code (ISO 3166-1 alpha-2) of a country that was written as that code or the one of three letters, in upper or lower case, or as its
    /// name in English, in Chinese or in the language that most people there speak. Nil for what stands for none, or for several.
    package static func code(of text: String) -> String? {
        guard text.utf8.count <= 400 else { return nil }
        return codes[key(text)]
    }

    /// The country of a time zone of the IANA database; nil for UTC and the like.
    package static func code(ofZone zone: String) -> String? {
        var country = [CChar](repeating: 0, count: 4)
        guard steward_zone_country(zone, Int32(zone.utf8.count), &country) else { return nil }
        return string(country)
    }

    /// The language that most people there speak, as in de; zh-Hant for Chinese where it is written in the characters of old.
    static func language(of country: String) -> String? {
        guard country.utf8.count == 2 else { return nil }
        var language = [CChar](repeating: 0, count: 16)
        return steward_country_language(country, &language, Int32(language.count)) ? string(language) : nil
    }

    /// Case, accents and what stands between words make no difference.
    private static func key(_ text: String) -> [UInt16] { SearchText.code(of: text) }

    private static let codes: [[UInt16]: String] = {
        var (codes, names): ([[UInt16]: String], [[UInt16]: Set<String>]) = ([:], [:])
        guard var next = steward_countries() else {
            preconditionFailure("libicu has no data of countries; reinstall the package libicu72")
        }
        while let pointer = next.pointee {
            let country = String(cString: pointer)
            for name in Country.names(of: country) { names[key(name), default: []].insert(country) }
            codes[key(country)] = country
            if let long = steward_country_code3(country), long.pointee != 0 {
                codes[key(String(cString: long))] = country
            }
            next += 1
        }
        for (name, countries) in names where countries.count == 1 && !name.isEmpty {
            if codes[name] == nil { codes[name] = countries.first }
        }
        for (name, country) in others where codes[key(name)] == nil { codes[key(name)] = country }
        return codes
    }()

    /// Names in common use that ICU has otherwise.
    private static let others = [
        "UK": "GB", "Great Britain": "GB", "England": "GB", "United States of America": "US", "U.S.A.": "US",
        "Holland": "NL", "PR China": "CN", "P.R. China": "CN", "中华人民共和国": "CN", "South Korea": "KR",
        "Republic of Korea": "KR",
        "Hong Kong": "HK", "香港": "HK", "Macau": "MO", "Macao": "MO", "澳门": "MO", "Czech Republic": "CZ", "Turkey": "TR",
        "Kosovo": "XK", "XK": "XK",
    ]

    private static func names(of country: String) -> [String] {
        [nil, "en", "zh_Hans", "zh_Hant"].compactMap { language in
            var units = [UInt16](repeating: 0, count: 200)
            let length = steward_country_name(country, language, &units, Int32(units.count))
            return length > 0 ? String(decoding: units.prefix(Int(length)), as: UTF16.self) : nil
        }
    }

    private static func string(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
