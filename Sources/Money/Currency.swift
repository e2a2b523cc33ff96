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

    /// What else is written for one currency only, in capital letters.
    static let names: [String: String] = [
        "RMB": "CNY", "CN¥": "CNY", "RMB¥": "CNY", "人民币": "CNY", "人民币元": "CNY", "人民幣": "CNY", "人民幣元": "CNY",
        "JP¥": "JPY", "円": "JPY", "日元": "JPY", "日圆": "JPY", "日圓": "JPY", "美元": "USD", "欧元": "EUR", "歐元": "EUR",
        "英镑": "GBP", "港元": "HKD", "港币": "HKD", "新台币": "TWD", "新臺幣": "TWD", "US$": "USD", "CA$": "CAD", "A$": "AUD",
        "HK$": "HKD", "NT$": "TWD", "NZ$": "NZD", "R$": "BRL", "MX$": "MXN",
    ]

    /// Signs that several currencies share, with those that are meant most often.
    static let shared: [Character: [String]] = [
        "$": ["USD", "CAD", "AUD"], "£": ["GBP", "EGP", "LBP"], "￡": ["GBP", "EGP", "LBP"],
        "¥": ["JPY", "CNY"], "₨": ["INR", "PKR", "LKR"], "﷼": ["SAR", "IRR", "YER"],
        "元": ["CNY", "TWD", "HKD"],
    ]

    /// The currencies that a code, a sign or a name may mean, the likeliest first; none for another text.
    static func candidates(_ text: String) -> [String] {
        let name = text.uppercased().replacing("￥", with: "¥").replacing("＄", with: "$")
        if Currency(code: name) != nil { return [name] }
        if let code = names[name] { return [code] }
        guard let sign = name.first, name.count == 1 else { return [] }
        return clear[sign].map { [$0] } ?? shared[sign] ?? []
    }
}
