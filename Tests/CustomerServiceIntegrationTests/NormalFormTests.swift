import AccessControl
import Contracts
import CustomerContracts
import CustomerService
import RPC
import Records
import TestService
import Testing

/// One form for one number, address and country, on every way in and for whoever asks (D97).
@Suite struct NormalFormTests {
    static let berlin = WorkspaceSettings(timeZone: "Europe/Berlin")

    @Test func aPhoneNumberIsStoredWithWhatWasTyped() async throws {
        try await TestService.run(CustomerService.definition) { service in
            service.set(Self.berlin)
            let made = try await service.create(Account(displayName: "a", phone: " (030) 123 45-67 "))
            #expect(made.phone == "+49301234567" && made.phoneTyped == "(030) 123 45-67")
            // What is sent back as it was read is no change, and what is sent for it is not looked at.
            let same = try await service.update(
                Account(id: made.id, phone: "+49301234567", city: "Berlin", phoneTyped: "0800 1"), ["phone", "city"])
            #expect(same.phoneTyped == "(030) 123 45-67" && same.city == "Berlin")
            let again = try await service.update(Account(id: made.id, phone: "0049 30 1234567"), ["phone"])
            #expect(again.phone == "+49301234567" && again.phoneTyped == "0049 30 1234567")
            let other = try await service.update(Account(id: made.id, phone: "+4989123456"), ["phone"])
            #expect(other.phone == "+4989123456" && other.phoneTyped == nil)
            let back = try await service.undo(other, other.version ?? 0)
            #expect(back.phone == "+49301234567" && back.phoneTyped == "0049 30 1234567")
            // A client that sends back what it read, when the workspace has moved.
            _ = try await service.update(Account(id: made.id, phone: "030 7654321"), ["phone"])
            service.set(WorkspaceSettings(timeZone: "America/New_York"))
            let moved = try await service.update(Account(id: made.id, phone: "+49307654321"), ["phone"])
            #expect(moved.phone == "+49307654321" && moved.phoneTyped == "030 7654321")
            let none = try await service.update(Account(id: made.id), ["phone"])
            #expect(none.phone == nil && none.phoneTyped == nil)
            let refused = try await denial {
                try await service.update(Account(id: made.id, phoneTyped: "x"), ["phone_typed"])
            }
            #expect(refused.reason == "FIELD_OUTPUT_ONLY")
        }
    }

    @Test func withoutACountryANumberNeedsItsCode() async throws {
        try await TestService.run(CustomerService.definition) { service in
            let refused = try await denial { try await service.create(Account(displayName: "a", phone: "030 1234567")) }
            #expect(refused.reason == "INVALID_FORMAT" && refused.message.contains("phone"))
            let made = try await service.create(Account(displayName: "a", phone: "+49 (0)30 1234567 ext. 12"))
            #expect(made.phone == "+49301234567;ext=12" && made.phoneTyped == "+49 (0)30 1234567 ext. 12")
        }
    }

    @Test func filtersTakeEveryForm() async throws {
        try await TestService.run(CustomerService.definition) { service in
            service.set(Self.berlin)
            let made = try await service.create(
                Account(
                    displayName: "a", phone: "0301234567", email: "Ann@MÜLLER.de", website: "www.Müller.de/",
                    countryCode: "Deutschland"))
            #expect(
                made.email == "Ann@müller.de" && made.website == "https://www.müller.de" && made.countryCode == "DE")
            try await service.create(
                Contact(familyName: "b", contactPoints: [ContactPoint(kind: .mobile, value: "0171 2345678")]))
            let filters = [
                #"phone = "+49 30 1234567""#, #"phone = "030/1234567""#, #"phone in ("030 1234567", "1")"#,
                #"phone ~ "30 123-45""#, #"phone ~ "030 123""#, #"phone ^= "030 123""#, #"phone ^= "+49 (0)30""#,
                #"email = "Ann@xn--mller-kva.de""#, #"website = "HTTPS://WWW.müller.de:443/""#,
                #"country_code = Germany"#,
                #"country_code in (deu, FR)"#, #"phone_typed = "0301234567""#,
            ]
            for filter in filters {
                let found = try await service.list(Account.self, filter)
                #expect(found.count == 1, "\(filter)")
            }
            for filter in [#"phone = "+49 30 1234568""#, #"phone != "030 1234567""#, #"email = "ann@müller.de""#] {
                let found = try await service.list(Account.self, filter)
                #expect(found.isEmpty, "\(filter)")
            }
            let reached = try await service.list(Contact.self, #"contact_points.value = "+49 (171) 2345678""#)
            #expect(reached.count == 1)
        }
    }

    /// The country of a time zone is a guess, and one that is set is none.
    @Test func numbersAreThoseOfTheCountryThatIsSet() async throws {
        try await TestService.run(CustomerService.definition) { service in
            service.set(WorkspaceSettings(timeZone: "Asia/Shanghai", country: "DE"))
            let german = try await service.create(Account(displayName: "Backhaus", phone: "030 1234567"))
            service.set(WorkspaceSettings(country: "CN"))
            let chinese = try await service.create(Account(displayName: "云南白药", phone: "138 1234 5678"))
            #expect(german.phone == "+49301234567" && chinese.phone == "+8613812345678")
        }
    }

    @Test func contactPointsHaveTheFormOfTheirKind() async throws {
        try await TestService.run(CustomerService.definition) { service in
            service.set(WorkspaceSettings(timeZone: "Asia/Shanghai"))
            let made = try await service.create(
                Contact(
                    familyName: "李",
                    contactPoints: [
                        ContactPoint(kind: .mobile, value: "138 1234 5678"),
                        ContactPoint(kind: .phone, value: "010-12345678转801"),
                        ContactPoint(kind: .email, value: "Li@例子.中国", typed: "x"),
                        ContactPoint(kind: .social, value: "13812345678"),
                    ]))
            let points = made.contactPoints
            #expect(points.map(\.value) == ["+8613812345678", "+861012345678;ext=801", "Li@例子.中国", "13812345678"])
            #expect(points.map(\.typed) == ["138 1234 5678", "010-12345678转801", nil, nil])
            var sent = points
            sent[1].value = "+861087654321"
            let changed = try await service.update(Contact(id: made.id, contactPoints: sent), ["contact_points"])
            #expect(changed.contactPoints.map(\.typed) == ["138 1234 5678", nil, nil, nil])
        }
    }

    @Test func customFieldsHaveTheSameForms() async throws {
        try await TestService.run(CustomerService.definition) { service in
            service.set(Self.berlin)
            service.set([
                TenantField(object: "account", number: 1, name: "hotline", kind: .phone, isUnique: true),
                TenantField(object: "account", number: 2, name: "shop", kind: .url),
                TenantField(object: "account", number: 3, name: "invoices", kind: .email),
            ])
            let made = try await service.create(
                Account(
                    customFields: [
                        CustomField(name: "hotline", stringValue: "030 1234567"),
                        CustomField(name: "shop", stringValue: "Shop.example"),
                        CustomField(name: "invoices", stringValue: "a@B.example"),
                    ], displayName: "a"))
            let values = Dictionary(
                uniqueKeysWithValues: made.customFields.map { ($0.name ?? "", $0.stringValue ?? "") })
            #expect(
                values == [
                    "hotline": "+49301234567", "hotline_typed": "030 1234567", "shop": "https://shop.example",
                    "invoices": "a@b.example",
                ])
            let taken = try await denial {
                try await service.create(
                    Account(
                        customFields: [CustomField(name: "hotline", stringValue: "+49 (30) 1234567")], displayName: "b")
                )
            }
            #expect(taken.reason == "VALUE_TAKEN")
            let found = try await service.list(Account.self, #"custom.hotline = "030-1234567""#)
            #expect(found.count == 1)
            // What was read is sent back.
            let same = try await service.update(
                Account(id: made.id, customFields: made.customFields, city: "x"), ["custom_fields", "city"])
            #expect(same.customFields == made.customFields)
            let gone = try await service.update(Account(id: made.id), ["custom.hotline"])
            #expect(gone.customFields.map(\.name) == ["shop", "invoices"])
        }
    }

    /// A workspace that has given the name to a field of its own keeps it, and its values.
    @Test func aFieldOfTheSameNameIsItsOwn() async throws {
        try await TestService.run(CustomerService.definition) { service in
            service.set(Self.berlin)
            service.set([
                TenantField(object: "account", number: 1, name: "hotline", kind: .phone),
                TenantField(object: "account", number: 2, name: "hotline_typed", kind: .text),
            ])
            let sent = [
                CustomField(name: "hotline", stringValue: "030 1234567"),
                CustomField(name: "hotline_typed", stringValue: "of the shop"),
            ]
            let made = try await service.create(Account(customFields: sent, displayName: "a"))
            let told = made.customFields.map { "\($0.name ?? "") \($0.stringValue ?? "")" }
            #expect(told == ["hotline +49301234567", "hotline_typed of the shop"])
        }
    }

    @Test func whatAReferenceNamesIsComparedInItsForm() async throws {
        try await TestService.run(CustomerService.definition) { service in
            service.set(Self.berlin)
            let account = try await service.create(Account(displayName: "a", phone: "030 1234567"))
            let call = try await service.create(Activity(kind: .call, subject: "c", accountID: account.id))
            for filter in [#"account.phone = "(030) 123 45 67""#, #"account.phone ^= "030 12""#] {
                let found = try await service.list(Activity.self, filter)
                #expect(found.map(\.id) == [call.id], "\(filter)")
            }
        }
    }

    /// What was typed is no side door to a number.
    @Test(arguments: [FieldLevel.none, .masked])
    func whatWasTypedIsAsHiddenAsTheNumber(_ level: FieldLevel) async throws {
        try await TestService.run(CustomerService.definition) { service in
            service.set(Self.berlin)
            service.set([TenantField(object: "account", number: 1, name: "hotline", kind: .phone)])
            let made = try await service.create(
                Account(
                    customFields: [CustomField(name: "hotline", stringValue: "089 7654321")], displayName: "a",
                    phone: "030 1234567"))
            let user = service.makeUser(
                [("*", "*", .all)], hiding: [("account", "phone", level), ("account", "custom.hotline", level)])
            let seen = try await service.get(made, as: user)
            let custom = seen.customFields.map { $0.stringValue ?? "" }
            let shown = [seen.phone, seen.phoneTyped].compactMap(\.self) + custom
            #expect(!shown.contains { $0.contains("1234567") || $0.contains("030") || $0.contains("765") })
            #expect(level == .masked ? seen.phone == "•••4567" : shown.isEmpty)
            for filter in [#"phone_typed = "030 1234567""#, #"custom.hotline_typed is set"#] {
                let refused = try await denial { try await service.list(Account.self, filter, as: user) }
                #expect(refused.reason == "FIELD_NOT_READABLE")
            }
        }
    }

    @Test func upsertsAndImportsGoTheSameWay() async throws {
        try await TestService.run(CustomerService.definition) { service in
            service.set(Self.berlin)
            let made = try await service.upsert(Account(displayName: "a", externalID: "k", phone: "030 1234567")).record
            #expect(made.phone == "+49301234567" && made.phoneTyped == "030 1234567")
            let changed = try await service.upsert(Account(displayName: "a", externalID: "k", phone: "030 7654321"))
                .record
            #expect(changed.phone == "+49307654321" && changed.phoneTyped == "030 7654321")
            let lead = try await service.create(Lead(email: "A@B.example", phone: "0171 2345678"))
            #expect(lead.phone == "+491712345678" && lead.phoneTyped == "0171 2345678" && lead.email == "A@b.example")
        }
    }

    @Test func searchKnowsEveryForm() async throws {
        try await Searches.run { searches in
            searches.service.set(Self.berlin)
            try await searches.service.create(
                Account(displayName: "Adler", phone: "030 1234567 Durchwahl 12", email: "info@müller.de"))
            try await searches.settle()
            for query in ["+49 30 1234567", "030 1234567", "0049301234567", "info@xn--mller-kva.de", "INFO@MÜLLER.DE"] {
                let titles = try await searches.titles(query)
                #expect(titles == ["Adler"], "\(query)")
            }
        }
    }

    /// Whatever is sent: a form within the limits, or an error that names the field.
    @Test func hostileTextsAreRefusedOrStored() async throws {
        try await TestService.run(CustomerService.definition) { service in
            service.set(Self.berlin)
            let long = String(repeating: "ü", count: 50_000)
            let refused: [(field: String, account: Account)] = [
                ("phone", Account(displayName: "a", phone: "+" + String(repeating: "1", count: 100_000))),
                ("phone", Account(displayName: "a", phone: "𠮷")),
                ("phone", Account(displayName: "a", phone: "0\u{200b}3\u{200b}0")),
                ("email", Account(displayName: "a", email: "a@" + long + ".de")),
                ("email", Account(displayName: "a", email: "a@xn--\u{202e}.de")),
                ("website", Account(displayName: "a", website: "https://" + long)),
                ("website", Account(displayName: "a", website: "javascript:alert(1)")),
                ("country_code", Account(displayName: "a", countryCode: long)),
                ("country_code", Account(displayName: "a", countryCode: "𠮷")),
            ]
            for (field, account) in refused {
                let error = try await denial { try await service.create(account) }
                let named = error.fieldViolations.first?.field ?? ""
                #expect(named.hasSuffix(field) && error.code == .invalidArgument, "\(field): \(error)")
            }
            let marked = try await service.create(Account(displayName: "a", phone: "\u{202d}030 1234567\u{202c}"))
            #expect(marked.phone == "+49301234567" && marked.phoneTyped == "030 1234567")
            let filters = [long, "\u{202e}", "𠮷", String(repeating: "+", count: 9_000)]
            for field in ["phone", "email", "website", "country_code"] {
                for text in filters {
                    let answer = try await refusal { try await service.list(Account.self, "\(field) = '\(text)'") }
                    #expect(answer == nil || answer?.code == .invalidArgument)
                }
            }
        }
    }

    /// customer_0015 brings what was stored before into the forms, and loses nothing.
    @Test func oldRowsGetTheirForms() async throws {
        let rows = [
            ("+49 (0)30 123-45", "A@B.Example", "HTTPS://Shop.Example:443/"),
            ("+493012345", "a@b.example", "https://shop.example/A?B"),
            ("+1 (415) 555.2671", "x@y.example", "http://H.example:8080/x"),
            // A zero that is part of the number.
            ("+39 (0)6 1234567", "r@i.example", "https://r.example"),
        ]
        try await TestService.run(
            CustomerService.definition, from: 14,
            old: { service in
                for (phone, email, website) in rows {
                    try await service.sql(
                        """
                        INSERT INTO {schema}.accounts (id, version, created_at, updated_at, owner_id, display_name, phone, email, website)
                        VALUES (gen_random_uuid(), 1, now(), now(), gen_random_uuid(), '\(phone)', '\(phone)', '\(email)', '\(website)')
                        """)
                }
                try await service.sql(
                    """
                    INSERT INTO {schema}.contacts (id, version, created_at, updated_at, owner_id, family_name, contact_points)
                    VALUES (gen_random_uuid(), 1, now(), now(), gen_random_uuid(), 'x',
                        '[{"kind": 2, "value": "+49 30 12345", "label": "w"}, {"kind": 1, "value": "A@B.Example"}, {"kind": 9, "value": "@b"}]')
                    """)
            },
            { service in
                let accounts = try await service.list(Account.self, by: ["display_name"])
                let found = accounts.map { [$0.displayName, $0.phone, $0.phoneTyped, $0.email, $0.website] }
                #expect(
                    Set(found) == [
                        ["+49 (0)30 123-45", "+493012345", "+49 (0)30 123-45", "A@b.example", "https://shop.example"],
                        ["+493012345", "+493012345", nil, "a@b.example", "https://shop.example/A?B"],
                        [
                            "+1 (415) 555.2671", "+14155552671", "+1 (415) 555.2671", "x@y.example",
                            "http://h.example:8080/x",
                        ],
                        ["+39 (0)6 1234567", "+39061234567", "+39 (0)6 1234567", "r@i.example", "https://r.example"],
                    ])
                let points = try await service.list(Contact.self).flatMap(\.contactPoints)
                #expect(
                    points.map(\.value) == ["+493012345", "A@b.example", "@b"]
                        && points.map(\.typed) == ["+49 30 12345", nil, nil])
                #expect(points.first?.label == "w")
            })
    }
}
