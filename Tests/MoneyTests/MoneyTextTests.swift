import Testing

@testable import Money

@Suite struct MoneyTextTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let units: Int64
        let code: String
        var testDescription: String { text }

        init(_ text: String, _ units: Int64, _ code: String) {
            (self.text, self.units, self.code) = (text, units, code)
        }
    }

    static let certain: [Case] = [
        Case("1250.00 EUR", 125_000, "EUR"), Case("1250 EUR", 125_000, "EUR"), Case("1250.5 EUR", 125_050, "EUR"),
        Case("EUR 1250.50", 125_050, "EUR"), Case("1250.50EUR", 125_050, "EUR"), Case("eur1250.50", 125_050, "EUR"),
        Case("1,250.00 EUR", 125_000, "EUR"), Case("1.250,00 EUR", 125_000, "EUR"), Case("12,50 EUR", 1_250, "EUR"),
        Case("1 250,00 EUR", 125_000, "EUR"), Case("1\u{a0}250,00 EUR", 125_000, "EUR"),
        Case("1\u{202f}250,00\u{a0}€", 125_000, "EUR"), Case("1'250.00 CHF", 125_000, "CHF"),
        Case("1’250.00 CHF", 125_000, "CHF"), Case("1234,56 EUR", 123_456, "EUR"), Case("1 250 EUR", 125_000, "EUR"),
        Case("1,234,567 EUR", 123_456_700, "EUR"), Case("1.234.567 EUR", 123_456_700, "EUR"),
        Case("12,34,567.50 INR", 123_456_750, "INR"), Case("₹12,34,567", 123_456_700, "INR"),
        Case("5.00 JPY", 5, "JPY"), Case("5 JPY", 5, "JPY"), Case("1,234,567 JPY", 1_234_567, "JPY"),
        Case("1.234 KWD", 1_234, "KWD"), Case("0.125 KWD", 125, "KWD"), Case("1,234.500 KWD", 1_234_500, "KWD"),
        Case("1250.000 EUR", 125_000, "EUR"), Case("0.500 EUR", 50, "EUR"), Case("1250.5000 EUR", 125_050, "EUR"),
        Case("-12.50 EUR", -1_250, "EUR"), Case("−12.50 EUR", -1_250, "EUR"), Case("EUR -0.05", -5, "EUR"),
        Case("１２．５０ EUR", 1_250, "EUR"), Case("١٢٫٥٠ SAR", 1_250, "SAR"), Case("١٬٢٥٠٫٠٠ SAR", 125_000, "SAR"),
        Case("\u{200f}١٢٫٥٠ SAR\u{200f}", 1_250, "SAR"), Case("১২.৫০ BDT", 1_250, "BDT"),
        Case("007.50 EUR", 750, "EUR"),
        Case("92233720368547758.07 EUR", .max, "EUR"), Case("-9223372036854775808 JPY", .min, "JPY"),
        Case("  12.50   EUR ", 1_250, "EUR"), Case("0 EUR", 0, "EUR"),
        Case("CN¥5000", 500_000, "CNY"), Case("CN￥5000", 500_000, "CNY"), Case("5000 RMB", 500_000, "CNY"),
        Case("5000 人民币", 500_000, "CNY"), Case("人民币５０００元", 500_000, "CNY"), Case("¥5000 CNY", 500_000, "CNY"),
        Case("¥5000元", 500_000, "CNY"), Case("500 円", 500, "JPY"), Case("$12.50 USD", 1_250, "USD"),
        Case("€12.50 EUR", 1_250, "EUR"), Case("us$12.50", 1_250, "USD"), Case("HK$ 12.50", 1_250, "HKD"),
    ]

    @Test(arguments: certain) func readsWhatIsCertain(_ sample: Case) throws {
        let amount = try MoneyText.parse(sample.text)
        #expect(amount.minorUnits == sample.units)
        #expect(amount.currency.code == sample.code)
    }

    static let refused: [(text: String, says: String)] = [
        ("1,250 EUR", "1250.00 EUR or 1.25 EUR"), ("1.250 EUR", "1250.00 EUR or 1.25 EUR"),
        ("1,234 KWD", "may mean"), ("1,250 JPY", "may mean"), ("1,2,3 EUR", "grouped"), ("12,34 567 EUR", "grouped"),
        ("1.2.3 EUR", "grouped"), ("1,23.45 EUR", "grouped"), ("1234,567.00 EUR", "grouped"),
        ("1 25 EUR", "grouped"), ("1,250'000 EUR", "grouped"), ("1.250.00 EUR", "grouped"), ("1,250,00 EUR", "grouped"),
        ("1 234.567,00 EUR", "grouped"), ("1٫2٫345 SAR", "grouped"), ("12.505 EUR", "may mean"),
        ("1250.505 EUR", "EUR has 2 decimals"), ("5.50 JPY", "JPY has no decimals"),
        ("1.2345 KWD", "KWD has 3 decimals"), ("12.50", "no currency"), ("12.50 $", "USD or CAD"),
        ("¥500", "JPY or CNY"), ("12.50 XXX", "no currency in use"), ("12.50 EURO", "no currency in use"),
        ("EUR 12.50 USD", "two currencies"), ("¥12.50 EUR", "two currencies"), ("EUR", "not an amount"),
        ("5000 元", "CNY or TWD or HKD, as in 5,000.00 CNY"), ("五千 CNY", "in digits, as in 1250.00 CNY"),
        ("5万 CNY", "in digits"), ("$5 CAN", "two currencies"),
        ("lots EUR", "not an amount"), (".5 EUR", "not an amount"), ("1. EUR", "not an amount"), ("", "not an amount"),
        ("- EUR", "not an amount"), ("--5 EUR", "not an amount"), ("1e3 EUR", "not an amount"),
        ("(5.00) EUR", "not an amount"), ("1٢ EUR", "several scripts"), ("1  250 EUR", "not an amount"),
        ("92233720368547758.08 EUR", "92,233,720,368,547,758.07 EUR"),
        (String(repeating: "9", count: 65), "65 characters"),
    ]

    @Test(arguments: refused) func refusesTheRestWithACure(_ text: String, _ says: String) {
        let problem = #expect(throws: MoneyText.Problem.self) { try MoneyText.parse(text) }
        #expect(problem.map { "\($0.text); \($0.cure)" }?.contains(says) == true, "\(String(describing: problem))")
        #expect(problem?.cure.isEmpty == false)
    }

    @Test(arguments: [
        ("1,234 EUR", ["1234.00 EUR"]), ("-1.250 EUR", ["-1250.00 EUR", "-1.25 EUR"]), ("12.345 USD", ["12345.00 USD"]),
        ("1,234 KWD", ["1234.000 KWD", "1.234 KWD"]), ("1,250 JPY", ["1250 JPY"]), ("5.50 JPY", ["5 JPY", "6 JPY"]),
        ("-5.505 EUR", ["-5505.00 EUR"]), ("1250.505 EUR", ["1,250.50 EUR", "1,250.51 EUR"]),
        ("1,250,00 EUR", ["125000.00 EUR", "1250.00 EUR"]), ("12.50", ["12.50 EUR"]), ("¥500", ["500 JPY"]),
        ("5000 元", ["5,000.00 CNY"]),
        ("€12.50 USD", ["12.50 EUR", "12.50 USD"]), ("12.50 EURO", ["12.50 EUR"]), ("5 €€", ["5.00 EUR"]),
    ])
    func offersWhatMayBeMeant(_ text: String, _ samples: [String]) {
        let problem = #expect(throws: MoneyText.Problem.self) { try MoneyText.parse(text) }
        #expect(problem?.samples == samples)
    }

    /// Every amount that a cure names is one of its samples, and every sample can be read.
    private func checkCure(of text: String) throws {
        do {
            _ = try MoneyText.parse(text)
        } catch {
            #expect(!error.samples.isEmpty, "\(text)")
            for sample in error.samples {
                #expect(throws: Never.self, "\(text): \(error.cure)") { try MoneyText.parse(sample) }
            }
            let offered = error.cure.matches(of: /-?\d[\d.,]* [A-Z]{3}/).map { String($0.output) }
            #expect(offered == error.samples, "\(text): \(error.cure)")
        }
    }

    @Test func whatARefusalOffersIsAccepted() throws {
        for (text, _) in Self.refused { try checkCure(of: text) }
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("0123456789.,' -٣x")
        let codes = ["EUR", "JPY", "KWD", "USD", "$", "¥", "€", "XXX", ""]
        for _ in 0..<20_000 {
            let number = String(
                (0..<Int.random(in: 1...24, using: &random)).map { _ in alphabet.randomElement(using: &random)! })
            let code = codes.randomElement(using: &random)!
            try checkCure(of: Bool.random(using: &random) ? "\(number) \(code)" : "\(code)\(number)")
        }
    }

    @Test(arguments: [
        (Int64(123_450), "EUR", "1,234.50 EUR"), (-5, "EUR", "-0.05 EUR"), (1_000_000, "JPY", "1,000,000 JPY"),
        (999_999, "JPY", "999999 JPY"), (1_234, "JPY", "1234 JPY"), (1_234, "KWD", "1.234 KWD"),
        (Int64.min, "JPY", "-9,223,372,036,854,775,808 JPY"),
    ])
    func writesMoney(_ units: Int64, _ code: String, _ text: String) {
        #expect(MoneyText.text(minorUnits: units, currency: code) == text)
    }

    @Test func writesSumsOfAnyLength() {
        #expect(
            MoneyText.text(minorUnitDigits: "1844674407370955161500", currency: "EUR")
                == "18,446,744,073,709,551,615.00 EUR")
        #expect(MoneyText.text(minorUnitDigits: "-5", currency: "EUR") == "-0.05 EUR")
    }

    /// What is written is read as the same amount, in every currency.
    @Test func writingAndReadingIsIdentity() throws {
        var random = SystemRandomNumberGenerator()
        for code in Currency.codes.sorted() {
            let currency = try #require(Currency(code: code))
            let edges: [Int64] = [0, 1, -1, 9, 10, 99, 100, 999, 1_000, 999_999, 1_000_000, .max, .min]
            let others = (0..<200).map { _ in
                Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0...62)
            }
            for units in edges + others {
                let amount = MoneyAmount(currency: currency, minorUnits: units)
                #expect(try MoneyText.parse(MoneyText.text(amount)) == amount)
            }
        }
    }

    /// No text at all is read as two amounts: what is read, with every separator taken for the other kind, is another text.
    @Test func whatIsReadIsWhatItsDigitsSay() throws {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("0123456789.,' ")
        for _ in 0..<20_000 {
            let number = String(
                (0..<Int.random(in: 1...10, using: &random)).map { _ in alphabet.randomElement(using: &random)! })
            guard let amount = try? MoneyText.parse(number + " EUR") else { continue }
            // The digits that were written, decimals filled up to two, are the digits of the amount.
            let digits = number.filter(\.isNumber)
            let magnitude = String(amount.minorUnits)
            let plain = String(digits.drop { $0 == "0" })
            #expect(magnitude == "0" || plain.hasPrefix(magnitude) || magnitude.hasPrefix(plain), "\(number)")
        }
    }
}
