import AccessControl
import Formulas
import Tenancy
import Testing

@testable import Records

/// Values of one kind as values of another: the closed table, and that nothing is lost on the way.
struct KindConversionTests {
    private typealias Kind = TenantField.Kind

    /// All ways that there are, written down once more.
    private static let ways: [Kind: Set<Kind>] = [
        .text: [.longText, .wholeNumber, .number, .money, .yesNo, .date, .time, .choice, .email, .phone, .url],
        .longText: [.text, .wholeNumber, .number, .money, .yesNo, .date, .time, .choice, .email, .phone, .url],
        .wholeNumber: [.text, .longText, .number, .money], .number: [.text, .longText, .wholeNumber, .money],
        .money: [.text, .longText, .wholeNumber, .number], .yesNo: [.text, .longText], .date: [.text, .longText],
        .time: [.text, .longText], .choice: [.text, .longText, .choices], .choices: [.text, .longText, .choice],
        .email: [.text, .longText], .phone: [.text, .longText], .url: [.text, .longText], .reference: [],
    ]

    @Test func theTableIsClosed() {
        #expect(Self.ways.count == Kind.allCases.count)
        for old in Kind.allCases {
            for new in Kind.allCases {
                let isThere = KindConversion(from: old, to: new) != nil
                let isListed = Self.ways[old]?.contains(new) == true
                #expect(isThere == isListed, "\(old) to \(new)")
            }
            let told = Set(KindConversion.ways(from: old))
            #expect(told == Self.ways[old])
        }
    }

    private static func convert(
        _ value: FormulaValue, _ old: TenantField.Kind, _ new: TenantField.Kind, _ currency: String? = nil
    ) -> FormulaValue? {
        KindConversion(from: old, to: new)?.value(value, as: new, currency: currency)
    }

    /// What a way makes of a value is of the other kind, and gives the value again on the way back, if there is one.
    @Test func nothingIsLostOnTheWay() throws {
        var random = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: .min ... .max, using: &random)
        var generator = Splitmix(state: seed)
        var converted = 0
        for _ in 0..<40_000 {
            let old = Kind.allCases[Int(generator.next() % UInt64(Kind.allCases.count))]
            guard let new = KindConversion.ways(from: old).randomElement(using: &generator) else { continue }
            let value = Self.value(of: old, &generator)
            let currency =
                old == .money || new == .money ? ["EUR", "JPY", "KWD"].randomElement(using: &generator) : nil
            guard let made = Self.convert(value, old, new, currency) else { continue }
            converted += 1
            #expect(Self.isValue(made, of: new), "\(value) as \(new): \(made), seed \(seed)")
            guard KindConversion(from: new, to: old) != nil, let back = Self.convert(made, new, old, currency) else {
                // A text with a form of its own stays a text.
                continue
            }
            // A text may be spelled otherwise, and means the same.
            let isSame = back == value || Self.convert(back, old, new, currency) == made
            #expect(isSame, "\(value) as \(new): \(made), and back: \(back), seed \(seed)")
            if old != .text, old != .longText { #expect(back == value, "\(value) → \(made) → \(back), seed \(seed)") }
        }
        #expect(converted > 10_000)
    }

    /// All that a kind writes it reads.
    @Test func whatIsWrittenIsRead() {
        var generator = Splitmix(state: 110)
        for kind in [Kind.wholeNumber, .money, .yesNo, .date, .time] {
            for _ in 0..<2_000 {
                let value = Self.value(of: kind, &generator)
                let text = Self.convert(value, kind, .longText)
                let back = text.flatMap { Self.convert($0, .longText, kind) }
                #expect(back == value, "\(value) → \(String(describing: text))")
            }
        }
    }

    @Test(
        arguments: [
            ("12", 12), ("-7", -7), ("0", 0), ("9223372036854775807", .max), ("-9223372036854775808", .min),
            ("12.0", 12),
            ("12.5", nil), ("007", nil), ("+5", nil), ("1,000", nil), ("1 000", nil), ("", nil), ("-", nil),
            (".5", nil),
            ("5.", nil), ("1e3", nil), ("9223372036854775808", nil), ("-0", nil), ("１２", nil), ("12 ", nil),
            ("0x10", nil),
        ] as [(String, Int64?)])
    func wholeNumbersAreReadStrictly(text: String, number: Int64?) {
        let read = Self.convert(.text(text), .text, .wholeNumber)
        #expect(read == number.map { .integer($0) })
    }

    @Test(
        arguments: [
            ("12.50", 12.5), ("-0.001", -0.001), ("100000000000000", 1e14), ("0.1", 0.1),
            ("123456789012345", 123_456_789_012_345),
            ("1234567890123456", 1_234_567_890_123_456), ("0.30000000000000004", 0.1 + 0.2),
            ("9007199254740993", nil), ("0.12345678901234567", nil), ("1e5", nil), ("NaN", nil), ("1.2.3", nil),
            ("1,5", nil),
        ] as [(String, Double?)])
    func numbersAreReadIfNoDigitIsLost(text: String, number: Double?) {
        let read = Self.convert(.text(text), .text, .number)
        #expect(read == number.map { .number($0) })
    }

    @Test func eachKindIsReadStrictly() throws {
        func read(_ text: String, _ kind: TenantField.Kind) -> FormulaValue? { Self.convert(.text(text), .text, kind) }
        let day = try #require(CalendarDay("2026-02-28"))
        #expect(read("2026-02-28", .date) == .date(day))
        #expect(read("2026-02-29", .date) == nil && read("28.02.2026", .date) == nil)
        #expect(read("2026-02-28T10:00:00+01:00", .time) == Timestamp("2026-02-28T09:00:00Z").map { .time($0) })
        // Nobody said where the day begins.
        #expect(read("2026-02-28", .time) == nil && read("2026-02-28T10:00:00", .time) == nil)
        #expect(read("Yes", .yesNo) == .flag(true) && read("false", .yesNo) == .flag(false))
        #expect(read("1", .yesNo) == nil && read("ja", .yesNo) == nil)
        #expect(read("1250.50 EUR", .money) == .money(minorUnits: 125_050, currency: "EUR"))
        #expect(read("1,250 EUR", .money) == nil && read("1250", .money) == nil && read("5 $", .money) == nil)
    }

    @Test func amountsNeedTheirCurrency() {
        #expect(Self.convert(.number(12.5), .number, .money, "EUR") == .money(minorUnits: 1_250, currency: "EUR"))
        #expect(Self.convert(.number(1.005), .number, .money, "EUR") == nil)
        #expect(Self.convert(.number(1.005), .number, .money, "KWD") == .money(minorUnits: 1_005, currency: "KWD"))
        #expect(Self.convert(.integer(7), .wholeNumber, .money, "JPY") == .money(minorUnits: 7, currency: "JPY"))
        #expect(Self.convert(.integer(.max), .wholeNumber, .money, "EUR") == nil)
        #expect(Self.convert(.integer(7), .wholeNumber, .money) == nil)
        let amount = FormulaValue.money(minorUnits: 1_250, currency: "EUR")
        #expect(Self.convert(amount, .money, .number, "EUR") == .number(12.5))
        #expect(Self.convert(amount, .money, .number, "USD") == nil && Self.convert(amount, .money, .number) == nil)
        #expect(Self.convert(amount, .money, .wholeNumber, "EUR") == nil)
        #expect(
            Self.convert(.money(minorUnits: 1_200, currency: "EUR"), .money, .wholeNumber, "EUR") == .integer(12))
    }

    @Test func choicesAreOneOrSeveral() {
        #expect(Self.convert(.texts(["a"]), .choices, .choice) == .text("a"))
        #expect(Self.convert(.texts(["a", "b"]), .choices, .choice) == nil)
        #expect(Self.convert(.text("a"), .choice, .choices) == .texts(["a"]))
        #expect(Self.convert(.texts(["a", "b"]), .choices, .text) == .text("a, b"))
        #expect(Self.convert(.texts(["a, b"]), .choices, .text) == nil)
        #expect(Self.convert(.text("one\ntwo"), .longText, .text) == nil)
    }

    // MARK: Values

    private static func isValue(_ value: FormulaValue, of kind: TenantField.Kind) -> Bool {
        switch (kind, value) {
        case (.text, .text(let text)): !text.contains("\n")
        case (.longText, .text), (.email, .text), (.phone, .text), (.url, .text), (.choice, .text): true
        case (.choices, .texts), (.wholeNumber, .integer), (.number, .number), (.money, .money): true
        case (.yesNo, .flag), (.date, .date), (.time, .time): true
        default: false
        }
    }

    private static func value(of kind: TenantField.Kind, _ generator: inout Splitmix) -> FormulaValue {
        let number = Int64(bitPattern: generator.next()) >> Int64(generator.next() % 64)
        switch kind {
        case .text, .longText, .choice, .email, .phone, .url:
            let texts = [
                "\(number)", "\(Double(number) / 1_000)", "yes", "FALSE", "2026-12-03", "2026-12-03T10:00:00.5Z",
                "a, b", "a\nb",
                "\(number % 10_000).50 EUR", "00\(number)", "x",
            ]
            return .text(texts.randomElement(using: &generator) ?? "")
        case .choices: return .texts(Array(["a", "b", "c,"].shuffled(using: &generator).prefix(Int(number & 1) + 1)))
        case .wholeNumber: return .integer(number)
        case .number:
            let texts = [Double(number), Double(number % 1_000_000) / 100, 1 / Double(number == 0 ? 3 : number)]
            return .number(texts.randomElement(using: &generator) ?? 0)
        case .money:
            return .money(minorUnits: number, currency: ["EUR", "JPY", "KWD"].randomElement(using: &generator) ?? "")
        case .yesNo: return .flag(number & 1 == 0)
        case .date: return .date(CalendarDay(daysSince1970: Int(number % 20_000)))
        case .time: return .time(Timestamp(microseconds: number % 4_000_000_000_000_000))
        case .reference: return .text("\(RecordID.make())")
        }
    }
}

/// Vigna's SplitMix64: the same numbers for the same seed.
private struct Splitmix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
