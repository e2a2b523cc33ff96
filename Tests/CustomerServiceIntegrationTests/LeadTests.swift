import AccessControl
import CustomerContracts
import CustomerService
import RPC
import TestService
import Testing

/// Which leads there are.
@Suite struct LeadTests {
    private static let knownBy = [
        Lead(givenName: "Ann"), Lead(familyName: "Lee"), Lead(companyName: "Acme"), Lead(email: "ann@example.com"),
        Lead(phone: "+49301234567"),
    ]

    @Test func anythingByWhichALeadIsKnownIsEnough() async throws {
        try await TestService.run(CustomerService.definition) { service in
            for lead in Self.knownBy {
                let made = try await service.create(lead)
                #expect(made.status == .new)
            }
            let batch = try await service.batchCreate(Self.knownBy)
            #expect(batch.records.count == Self.knownBy.count)
        }
    }

    @Test func aLeadOfNothingIsRefused() async throws {
        try await TestService.run(CustomerService.definition) { service in
            for lead in [
                Lead(), Lead(jobTitle: "CEO", website: "https://acme.example", city: "Rome"), Lead(email: " "),
            ] {
                let error = try await denial { try await service.create(lead) }
                #expect(error.code == .invalidArgument && error.reason == "REQUIRED")
                #expect(error.fieldViolations.map(\.field) == ["lead.company_name"])
                for name in ["given_name", "family_name", "company_name", "email", "phone"] {
                    #expect(error.message.contains(name), "\(name)")
                }
            }
        }
    }

    @Test func theLastOfThemStays() async throws {
        try await TestService.run(CustomerService.definition) { service in
            let lead = try await service.create(Lead(companyName: "Acme", email: "ann@example.com"))
            let reached = try await service.update(Lead(id: lead.id), ["company_name"])
            #expect(reached.companyName == nil && reached.email == "ann@example.com")
            let error = try await denial { try await service.update(Lead(id: lead.id), ["email"]) }
            #expect(error.reason == "REQUIRED")
        }
    }

    /// Whether it can be taken off would tell whether there is an address.
    @Test func whatIsHiddenDecidesNothing() async throws {
        try await TestService.run(CustomerService.definition) { service in
            let user = service.makeUser([("lead", "*", .all)], hiding: [("lead", "email", .none)])
            for email in [nil, "ann@example.com"] {
                let lead = try await service.create(Lead(companyName: "Acme", email: email, phone: "+49301234567"))
                let reached = try await service.update(Lead(id: lead.id), ["company_name"], as: user)
                #expect(reached.companyName == nil && reached.phone == "+49301234567")
                let error = try await denial { try await service.update(Lead(id: lead.id), ["phone"], as: user) }
                #expect(error.reason == "FIELD_NOT_READABLE", "\(email ?? "none")")
            }
        }
    }
}
