import TestSupport
import Testing

@testable import Text

@Suite struct PhoneNumberTests {
    @Test(arguments: [
        ("+49 (0)30 1234567", nil, "+49301234567"), ("+49 30 123-45.67", nil, "+49301234567"),
        ("0049 30 1234567", "JP", "+49301234567"), ("008613800138000", "AU", "+8613800138000"),
        ("+00 49 30 1234567", nil, "+49301234567"), ("030 1234567, Durchwahl 12", "DE", "+49301234567;ext=12"),
        ("+1 415 555 2671 EXTN. 7", nil, "+14155552671;ext=7"), ("+7 495 123-45-67 доб. 3", nil, "+74951234567;ext=3"),
        ("+49 030 1234567", nil, "+49301234567"), ("0049 30 1234567", nil, "+49301234567"),
        ("030 1234567", "DE", "+49301234567"), ("0171/123 45 67", "DE", "+491711234567"),
        ("13812345678", "CN", "+8613812345678"), ("０１０－１２３４－５６７８", "CN", "+861012345678"),
        ("010-12345678转801", "CN", "+861012345678;ext=801"), ("(415) 555-2671 ext. 12", "US", "+14155552671;ext=12"),
        ("+1 415-555-2671 x12", nil, "+14155552671;ext=12"), ("+14155552671;ext=12", nil, "+14155552671;ext=12"),
        ("+39 06 1234 5678", nil, "+390612345678"), ("＋86 138 1234 5678", nil, "+8613812345678"),
        ("+999 1234567", nil, "+9991234567"), ("+999 (0)1234567", nil, "+9991234567"),
        ("+٤٩ ٣٠ ١٢٣٤٥٦٧", nil, "+49301234567"), ("\u{202d}+49 30 1234567\u{202c}", nil, "+49301234567"),
    ])
    func oneFormForOneNumber(_ typed: String, _ country: String?, _ expected: String) {
        let form = PhoneNumber.normal(typed, country: country)
        #expect(form == expected)
    }

    @Test(arguments: [
        ("030 1234567", nil), ("", "DE"), ("+000000000", nil), ("00000000000", "DE"), ("+", nil), ("+12345", nil),
        ("+1234567890123456", nil),
        ("+49 30 12y4567", nil),
        ("++4930123456", nil), ("49+301234567", nil), ("call me", "DE"), ("1-800-FLOWERS", "US"), ("𠮷", "CN"),
        ("+49 30 1234567 ext", nil), ("+49 30 1234567 ext 12345678", nil), ("12", "DE"), ("x12", "DE"),
    ])
    func othersAreNone(_ typed: String, _ country: String?) {
        let form = PhoneNumber.normal(typed, country: country)
        #expect(form == nil)
    }

    @Test(arguments: [
        ("30 12-3", nil, "30123", "30123"), ("+49 (30)", nil, "+4930", "+4930"),
        ("030 55", "DE", "3055", "+493055"), ("(030) 55", "DE", "3055", "+493055"), ("030 55", nil, "3055", "03055"),
        ("+49 (0)30 55", "DE", "+493055", "+493055"), ("0049 30", "US", "4930", "+4930"),
        ("５５６６", "CN", "5566", "+865566"), ("06 12", "IT", "612", "+390612"), ("1 415", "US", "1415", "+1415"),
        ("000", "DE", "000", "000"), ("ann", "DE", nil, nil), (" ", "DE", nil, nil), ("+", nil, nil, nil),
    ])
    func partsOfNumbersAreLookedForAsTheyAreStored(
        _ typed: String, _ country: String?, _ part: String?, _ beginning: String?
    ) {
        let found = PhoneNumber.part(typed, isBeginning: false, country: country)
        #expect(found == part)
        let first = PhoneNumber.part(typed, isBeginning: true, country: country)
        #expect(first == beginning)
    }

    /// Whatever is typed: a form has its own form, and its length is bounded.
    @Test func formsAreFormsOfThemselves() {
        var random = SeededGenerator(seed: 97)
        let alphabet = Array("+0123456789  -./()x#;ext=转０１٣\u{200b}\u{202e}𠮷a".unicodeScalars)
        var found = 0
        for _ in 0..<20_000 {
            var text = Bool.random(using: &random) ? "+" : ""
            for _ in 0..<Int.random(in: 1...22, using: &random) {
                let scalar =
                    Int.random(in: 0..<3, using: &random) == 0
                    ? alphabet.randomElement(using: &random)!
                    : Array("0123456789".unicodeScalars).randomElement(using: &random)!
                text.unicodeScalars.append(scalar)
            }
            for country in [nil, "DE", "CN", "US", "IT", "AR", "MX"] {
                guard let form = PhoneNumber.normal(text, country: country) else { continue }
                found += 1
                let again = PhoneNumber.normal(form, country: country)
                let elsewhere = PhoneNumber.normal(form, country: nil)
                #expect(again == form && elsewhere == form && form.utf8.count <= PhoneNumber.bytesMax, "\(text)")
            }
        }
        #expect(found > 1_000)
    }

    @Test func hostileTextsAreRefusedAtOnce() {
        for text in [
            String(repeating: "+1", count: 50_000), String(repeating: "ext", count: 40_000),
            String(repeating: "\u{202e}", count: 30_000),
        ] {
            let form = PhoneNumber.normal(text, country: "DE")
            #expect(form == nil)
        }
    }
}

@Suite struct AddressFormTests {
    @Test(arguments: [
        ("Ann@EXAMPLE.com", "Ann@example.com"), ("info@Müller.DE", "info@müller.de"),
        ("info@xn--mller-kva.de", "info@müller.de"), ("李@例子.中国", "李@例子.中国"), ("a@XN--FSQU00A.XN--FIQS8S", "a@例子.中国"),
        ("a@ＥＸＡＭＰＬＥ。com", "a@example.com"), ("ann@straße.de", "ann@straße.de"),
    ])
    func mail(_ typed: String, _ expected: String) {
        let form = MailAddress.normal(typed)
        #expect(form == expected && form.flatMap(MailAddress.normal) == form)
    }

    @Test(arguments: [
        ("HTTPS://Example.COM/", "https://example.com"), ("http://example.com:80/A?b#C", "http://example.com/A?b#C"),
        ("https://example.com:443", "https://example.com"), ("https://example.com:8443/", "https://example.com:8443"),
        ("https://example.com/a/", "https://example.com/a/"), ("www.Example.com", "https://www.example.com"),
        ("https://xn--mller-kva.de/?q=/", "https://müller.de/?q=/"), ("例子.中国/路", "https://例子.中国/路"),
        ("http://localhost", "http://localhost"),
    ])
    func web(_ typed: String, _ expected: String) {
        let form = WebAddress.normal(typed)
        #expect(form == expected && form.flatMap(WebAddress.normal) == form)
    }

    @Test(arguments: ["localhost", "ftp://example.com", "", "https://xn--\u{0}.com", "https://a\u{202e}b.com/"])
    func othersAreNoWebAddress(_ typed: String) {
        let form = WebAddress.normal(typed)
        #expect(form == nil)
    }

    @Test func hostileHostsAreRefusedAtOnce() {
        for text in [
            String(repeating: "ü", count: 50_000), String(repeating: "xn--a.", count: 20_000),
            String(repeating: "𠮷", count: 25_000),
        ] {
            let forms = [HostName.normal(text), MailAddress.normal("a@" + text), WebAddress.normal("https://" + text)]
            #expect(forms.allSatisfy { $0 == nil })
        }
    }

    @Test(arguments: [
        ("de", "DE"), ("DEU", "DE"), ("Germany", "DE"), ("Deutschland", "DE"), ("德国", "DE"), ("德國", "DE"), ("中国", "CN"),
        ("中國", "CN"),
        ("China", "CN"), ("UK", "GB"), ("united states", "US"), ("USA", "US"), ("U.S.", "US"), ("México", "MX"),
        ("mexico", "MX"),
        ("日本", "JP"), ("대한민국", "KR"), ("Côte d’Ivoire", "CI"), ("österreich", "AT"), ("Россия", "RU"),
        ("hong kong", "HK"), ("Kosovo", "XK"),
    ])
    func countries(_ typed: String, _ expected: String) {
        let code = Country.code(of: typed)
        #expect(code == expected)
    }

    @Test(arguments: ["", "ZZ", "Atlantis", "Euro", "d", String(repeating: "中", count: 30_000)])
    func othersAreNoCountry(_ typed: String) {
        let code = Country.code(of: typed)
        #expect(code == nil)
    }

    @Test(arguments: [
        ("Europe/Berlin", "DE"), ("Asia/Shanghai", "CN"), ("America/New_York", "US"), ("UTC", nil), ("Etc/GMT-8", nil),
        ("no/where", nil),
    ])
    func zones(_ zone: String, _ expected: String?) {
        let code = Country.code(ofZone: zone)
        #expect(code == expected)
    }
}

@Suite struct WrittenFormTests {
    @Test(arguments: [
        ("DE", "Torstr. 1|10115 Berlin|Berlin|DE"), ("US", "Torstr. 1|Berlin, Berlin 10115|US"),
        ("GB", "Torstr. 1|Berlin|Berlin|10115|GB"),
        ("IT", "Torstr. 1|10115 Berlin Berlin|IT"), ("SG", "Torstr. 1|Berlin 10115|Berlin|SG"),
        ("CN", "Torstr. 1|Berlin, Berlin 10115|CN"),
    ])
    func addresses(_ country: String, _ expected: String) {
        let address = PostalAddress(
            street: "Torstr. 1", city: "Berlin", region: "Berlin", postalCode: "10115", countryCode: country)
        let lines = address.lines.joined(separator: "|")
        #expect(lines == expected)
    }

    @Test func chineseAddressesGoFromTheLargeToTheSmall() {
        let address = PostalAddress(
            street: "中山路1号", city: "杭州市", region: "浙江省", postalCode: "310000", countryCode: "CN")
        #expect(address.lines == ["CN", "310000", "浙江省杭州市中山路1号"])
        let none = PostalAddress(street: nil, city: "", region: nil, postalCode: nil, countryCode: nil)
        #expect(none.lines.isEmpty)
    }
}
