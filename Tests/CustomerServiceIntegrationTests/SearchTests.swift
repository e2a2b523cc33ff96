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
            #expect(Set(try await searches.titles("anvils")) == ["Acme Anvils", "Call about anvils"])
        }
    }

    /// Names of people that are written as one word are found as one, the family name first, in characters and by how they are read.
    @Test func namesThatAreWrittenTogetherAreFound() async throws {
        try await Searches.run { searches in
            let service = searches.service
            for (family, given) in [("张", "三"), ("欧阳", "伟"), ("王", "小明"), ("김", "민수"), ("Zhang", "Wei")] {
                try await service.create(Contact(givenName: given, familyName: family))
            }
            try await searches.settle()
            for (query, title) in [
                ("张三", "张三"), ("zhangsan", "张三"), ("zs", "张三"), ("三张", nil), ("张 三", "张三"), ("oyw", "欧阳伟"),
                ("欧阳伟", "欧阳伟"), ("wangxiaoming", "王小明"), ("wxm", "王小明"), ("明", "王小明"), ("김민수", "김민수"),
                ("김민", "김민수"), ("wei zhang", "Wei Zhang"),
            ] {
                let found = try await searches.titles(query).first
                #expect(found == title, "\(query): \(found ?? "nothing")")
            }
            let hit = try #require(try await searches.search("张三").hits.first)
            #expect((hit.score ?? 0) > 100)
            #expect(hit.matches.first?.field == "full_name" && hit.matches.first?.value == "张三")
            // Who may not read one of the parts does not find by both.
            let user = service.makeUser([("contact", "read", .all)], hiding: [("contact", "given_name", .none)])
            let hidden = try await searches.titles("张三", as: user)
            let part = try await searches.titles("张", as: user)
            #expect(hidden == [] && part == ["张"])
        }
    }

    /// A number is what it is, however it is parted: nothing is like it, and nobody wants what has a part of it.
    @Test func numbersAreFoundWhole() async throws {
        try await Searches.run { searches in
            let service = searches.service
            try await service.create(Account(displayName: "Adler", phone: "+49 (0)30 7778889"))
            try await service.create(Account(displayName: "Imp 155"))
            try await service.create(Account(displayName: "Course 211"))
            try await service.create(Account(displayName: "Room 138"))
            try await searches.settle()
            for (query, titles) in [
                ("+49307778889", ["Adler"]), ("030 7778889", ["Adler"]), ("+49 (0) 30 777 8889", ["Adler"]),
                ("8889", ["Adler"]), ("+1 (555) 010-9999", []), ("138-0013-8000", []), ("R11", []), ("210", []),
                ("138", ["Room 138"]), ("room 138", ["Room 138"]),
            ] {
                let found = try await searches.titles(query)
                #expect(found == titles, "\(query): \(found)")
            }
            let ending = try await searches.search("8889").hits.first?.matches.map(\.kind)
            #expect(ending == [.ending])
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

    /// Names are misheard and mistyped in more than one letter, and written with another given name.
    @Test func namesAreFoundThatAreFartherAway() async throws {
        try await Searches.run { searches in
            let service = searches.service
            try await service.create(Contact(givenName: "Isabella", familyName: "Schepers"))
            try await service.create(Contact(givenName: "Brooke", familyName: "Tu"))
            try await service.create(Contact(givenName: "Nicholas", familyName: "Matthews"))
            try await service.create(Contact(givenName: "Tiarna", familyName: "Matthews"))
            try await service.create(Contact(givenName: "Bo", familyName: "Matthews"))
            try await searches.settle()
            // Two letters too many, or another one and one too many.
            #expect(try await searches.titles("schepoirs") == ["Isabella Schepers"])
            #expect(try await searches.titles("isaac scheporrs") == ["Isabella Schepers"])
            // A short word has no mistakes, and is one by itself.
            #expect(try await searches.titles("kayla tu") == ["Brooke Tu"])
            // Of those who have the same word, who comes nearest in the other is the first.
            #expect(try await searches.titles("tristan matthews").first == "Tiarna Matthews")
            #expect(try await searches.titles("nicola matthews").first == "Nicholas Matthews")
            #expect(try await searches.titles("schexxxrs").isEmpty)
        }
    }

    /// Two words of a name are found by one, as people write them who heard the name.
    @Test func wordsOfANameAreFoundAsOne() async throws {
        try await Searches.run { searches in
            for name in ["JP Morgan Chase", "Hewlett-Packard", "Morgan Stanley"] {
                try await searches.service.create(Account(displayName: name))
            }
            try await searches.settle()
            for (query, title) in [
                ("jpmorgan", "JP Morgan Chase"), ("jpmorgan chase", "JP Morgan Chase"),
                ("hewlettpackard", "Hewlett-Packard"), ("hewlettppackard", "Hewlett-Packard"),
            ] {
                let found = try await searches.titles(query)
                #expect(found.first == title, "\(query): \(found)")
            }
            let match = try await searches.search("jpmorgan").hits.first?.matches.first
            let place = match?.highlights.map { [$0.start, $0.length] }
            #expect(match?.kind == .word && place == [[0, 9]])
        }
    }

    /// Of two who have both words, that one is meant who is written so, not the newer one.
    @Test func theOrderOfWordsDecidesAmongEquals() async throws {
        try await Searches.run { searches in
            for (given, family) in [
                ("James", "Ryan"), ("Ryan", "James"), ("James", "Ryan-Cole"), ("Cole", "Ryan James"),
            ] {
                try await searches.service.create(Contact(givenName: given, familyName: family))
            }
            try await searches.settle()
            let there = try await searches.titles("james ryan").prefix(2)
            let back = try await searches.titles("ryan james").prefix(2)
            #expect(there == ["James Ryan", "Ryan James"] && back == ["Ryan James", "James Ryan"])
        }
    }

    /// A word that one record has is rare though others have words like it.
    @Test func whatIsLikeAWordDoesNotMakeItFrequent() async throws {
        try await Searches.run { searches in
            for (given, family) in [
                ("Nicholas", "Matthews"), ("Joanna", "Li"), ("Joanna", "Oz"), ("Matthew", "Pym"), ("Matthew", "Rex"),
                ("Matthew", "Sim"), ("Matthew", "Tod"),
            ] {
                try await searches.service.create(Contact(givenName: given, familyName: family))
            }
            try await searches.settle()
            #expect(try await searches.titles("joanna matthews").first == "Nicholas Matthews")
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

    /// What has mistakes is not looked for in more kinds of records than an index can be asked about; what is there is found in all.
    @Test func manyKindsOfRecordsAreSearched() async throws {
        try await Searches.run { searches in
            let service = searches.service
            service.set([], objects: (1...200).map { TenantObject(name: "kind\($0)", number: Int64($0)) })
            let name = "Gesellschaft Verwaltung Beteiligung Maschinenbau Produktion Frankfurt Vermietung Schweizer"
            service.name("kind200")
            try await service.create(Record(displayName: name))
            try await service.create(Account(displayName: "Frankfurt"))
            try await searches.settle()
            let found = try await searches.search(name)
            #expect(found.hits.map(\.title) == [name, "Frankfurt"] && found.timeUp == true)
            let alone = try await searches.search(name, in: ["custom.kind200"])
            #expect(alone.hits.map(\.title) == [name] && alone.timeUp == nil)
            #expect(try await searches.titles("frankfurt").count == 2)
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
