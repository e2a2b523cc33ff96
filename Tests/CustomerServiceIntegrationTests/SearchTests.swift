import AccessControl
import Contracts
import CustomerContracts
import RPC
import Records
import Tenancy
import TestService
import Testing

/// What is found, and in which order.
@Suite struct SearchTests {
    @Test func recordsAreFoundByWhatStandsInThem() async throws {
        try await Searches.run { searches in
            let service = searches.service
            try await service.create(
                Account(
                    displayName: "Müller & Söhne GmbH", externalID: "K-1001", phone: "+49 30 1234567",
                    email: "info@mueller.example", taxID: "DE 123.456.789", city: "Kraków"))
            try await service.create(Account(displayName: "中国银行", city: "北京"))
            try await service.create(Account(displayName: "Mueller Logistics", externalID: "K-2"))
            try await service.create(
                Contact(
                    givenName: "Wile", familyName: "Coyote",
                    contactPoints: [
                        ContactPoint(kind: .email, value: "wile@acme.example"),
                        ContactPoint(kind: .mobile, value: "+49 170 7654321"),
                    ]))
            try await service.create(Lead(companyName: "Acme Anvils", email: "sales@acme.example"))
            try await service.create(Activity(kind: .note, subject: "Call about anvils"))
            try await searches.settle()
            let both = ["Müller & Söhne GmbH", "Mueller Logistics"]
            for (query, titles) in [
                ("müller söhne", [both[0]]), ("sohne muller", [both[0]]), ("mueller soehne", [both[0]]),
                ("k-1001", [both[0]]), ("K1001", [both[0]]), ("k 1001", [both[0]]), ("030 1234567", [both[0]]),
                ("0049 30 123 45 67", [both[0]]), ("234567", [both[0]]), ("de123456789", [both[0]]),
                ("INFO@mueller.example", [both[0]]), ("krakow", [both[0]]), ("银行", ["中国银行"]), ("国", ["中国银行"]),
                ("zgyh", ["中国银行"]), ("yinhang", ["中国银行"]), ("zhongguo", ["中国银行"]), ("yh", ["中国银行"]),
                ("北京", ["中国银行"]), ("Ｗｉｌｅ", ["Wile Coyote"]), ("coyote wile", ["Wile Coyote"]),
                ("coyoet", ["Wile Coyote"]),
                ("wil coy", ["Wile Coyote"]), ("wile@acme.example", ["Wile Coyote"]), ("0170 7654321", ["Wile Coyote"]),
                ("qqqqq", []), ("99999", []), ("银国", []),
            ] {
                let found = try await searches.titles(query)
                #expect(
                    found.starts(with: titles) && (found.count == titles.count || !titles.isEmpty), "\(query): \(found)"
                )
            }
            #expect(Set(try await searches.titles("mueller")) == Set(both))
            #expect(try await searches.titles("m").count == 2)
            #expect(Set(try await searches.titles("anvils")) == ["", "Call about anvils"])
        }
    }

    @Test func whatIsTheValueComesFirst() async throws {
        try await Searches.run { searches in
            for name in ["Smithson Ltd", "Smith", "Smithe Partners", "Jon Smith Bakery", "Smyth"] {
                try await searches.service.create(Account(displayName: name))
            }
            try await searches.settle()
            let hits = try await searches.search("smith", explain: true).hits
            #expect(hits.first?.title == "Smith" && hits.first?.matches.first?.kind == .word)
            #expect(hits.map(\.title).dropFirst().first == "Jon Smith Bakery" && hits.count == 5)
            #expect(hits.last?.title == "Smyth" && hits.last?.matches.map(\.kind) == [.similar])
            #expect(hits.map { $0.score ?? 0 } == hits.map { $0.score ?? 0 }.sorted(by: >))
            #expect((hits[0].score ?? 0) > 100 && (hits[4].score ?? 0) < 10)
            #expect(hits[0].reasons.map(\.word) == ["smith"] && hits[0].reasons.map(\.field) == ["display_name"])
            let place = hits[1].matches.first?.highlights.map { [$0.start, $0.length] }
            #expect(place == [[4, 5]])
        }
    }

    @Test func kindsAndOwnersAreChosen() async throws {
        try await Searches.run { searches in
            let service = searches.service
            let user = service.makeUser([("*", "*", .all)])
            try await service.create(Account(displayName: "Quokka"))
            try await service.create(Account(ownerID: user.description, displayName: "Quokka 2"))
            try await service.create(Contact(ownerID: user.description, familyName: "Quokka"))
            try await searches.settle()
            #expect(try await searches.titles("quokka").count == 3)
            #expect(try await searches.titles("quokka", in: ["contact", "lead"]) == ["Quokka"])
            #expect(Set(try await searches.titles("quokka", of: user)) == ["Quokka", "Quokka 2"])
            #expect(try await searches.search("quokka", size: 1).hits.count == 1)
        }
    }

    @Test func queriesThatFindNothingAreRefused() async throws {
        try await Searches.run { searches in
            for query in [nil, "", " ", "–!?", String(repeating: "a", count: 201), "a b c d e f g h i"] {
                let error = try await searches.refusal(query)
                #expect(error.reason == "SEARCH_QUERY_INVALID" && error.fieldViolations.map(\.field) == ["query"])
            }
            for size: Int32 in [0, -1, 101] {
                #expect(try await searches.refusal("a", size: size).reason == "PAGE_SIZE_INVALID")
            }
            for object in ["deal", "account_contact", ""] {
                #expect(try await searches.refusal("a", in: [object]).reason == "SEARCH_OBJECT_UNKNOWN")
            }
        }
    }
}
