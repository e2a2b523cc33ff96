/// A currency in use, by its code of ISO 4217.
package struct Currency: Hashable, Sendable {
    /// Three capital letters, as in EUR.
    package let code: String
    /// Decimal digits of the minor unit (ISO 4217, table A.1): 2 for the euro, 0 for the yen, 3 for the Kuwaiti dinar.
    package let digits: Int

    /// Nil for a code that no currency in use has. Capital letters only.
    package init?(code: String) {
        guard Currency.codes.contains(code) else { return nil }
        self.code = code
        digits = Currency.digits(of: code)
    }

    /// The digits of a code that may be a later one than this table knows: 2, as nearly all have.
    package static func digits(of code: String) -> Int { otherDigits[code] ?? 2 }

    /// Codes of currencies in use as of 2025, funds and precious metals left out.
    package static let codes = Set(
        words(
            """
            AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD \
            CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ \
            GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR \
            LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN \
            PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB \
            TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW \
            ZWG
            """))

    private static let otherDigits: [String: Int] = {
        var digits: [String: Int] = [:]
        for code in words("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF") { digits[code] = 0 }
        for code in words("BHD IQD JOD KWD LYD OMR TND") { digits[code] = 3 }
        for code in words("CLF UYW") { digits[code] = 4 }
        return digits
    }()

    private static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
}

/// What people write for a currency.
enum CurrencySign {
    /// Signs that stand for one currency.
    static let clear: [Character: String] = [
        "€": "EUR", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY", "₫": "VND", "₪": "ILS", "₴": "UAH", "₦": "NGN",
        "₱": "PHP", "฿": "THB", "₸": "KZT", "₾": "GEL", "₼": "AZN", "₲": "PYG", "₡": "CRC", "₵": "GHS", "₮": "MNT",
    ]

    /// Signs that several currencies share, with those that are meant most often.
    static let shared: [Character: [String]] = [
        "$": ["USD", "CAD", "AUD"], "＄": ["USD", "CAD", "AUD"], "£": ["GBP", "EGP", "LBP"], "￡": ["GBP", "EGP", "LBP"],
        "¥": ["JPY", "CNY"], "￥": ["JPY", "CNY"], "₨": ["INR", "PKR", "LKR"], "﷼": ["SAR", "IRR", "YER"],
    ]
}
