import CustomerContracts
import CustomerService
import RPC
import Tenancy
import TestService
import Testing

/// A link lives as long as both its ends do, in whatever order they go and come back.
@Suite struct LinkLifetimeTests {
    /// Every order of deleting and restoring the ends, five steps long, one after the other: a link that one order leaves in a wrong
    /// state is wrong in the next, too.
    @Test func aLinkLivesExactlyWhileBothEndsDo() async throws {
        try await TestService.run(CustomerService.definition) { customers in
            let ends = try await Ends(customers)
            // The user ended this one himself.
            let ended = try await customers.link(ends.account, ends.contact)
            try await customers.delete(ended)
            let link = try await customers.link(ends.account, ends.contact, primary: true)
            var living = Living()
            for order in 0..<32 {
                for step in 0..<5 {
                    try await ends.turn(order >> step & 1 == 0, &living)
                    let expected = living.account && living.contact ? [link.id ?? ""] : []
                    let found = try await customers.living().keys.sorted()
                    #expect(found == expected, "order \(order), step \(step): \(living)")
                }
            }
            #expect(try await customers.living().values.allSatisfy { $0.primaryContact == true })
        }
    }

    /// What a user ended stays ended, whatever its ends have been through before and go through after.
    @Test func aLinkThatAUserDeletedStaysDeleted() async throws {
        try await TestService.run(CustomerService.definition) { customers in
            for order in 0..<16 {
                let ends = try await Ends(customers)
                let link = try await customers.link(ends.account, ends.contact)
                var living = Living()
                for step in 0..<4 { try await ends.turn(order >> step & 1 == 0, &living) }
                try await ends.restore(&living)
                try await customers.delete(link)
                for step in 0..<4 { try await ends.turn(order >> step & 1 == 0, &living) }
                try await ends.restore(&living)
                #expect(try await customers.living().isEmpty, "order \(order)")
            }
        }
    }

    /// Either comes first, and the other finds it.
    @Test func bothEndsComeBackAtOnce() async throws {
        try await TestService.run(CustomerService.definition) { customers in
            for round in 0..<8 {
                let ends = try await Ends(customers)
                let link = try await customers.link(ends.account, ends.contact)
                if round.isMultiple(of: 2) {
                    try await customers.delete(ends.account)
                    try await customers.delete(ends.contact)
                } else {
                    try await customers.delete(ends.contact)
                    try await customers.delete(ends.account)
                }
                async let account = customers.restore(ends.account)
                async let contact = customers.restore(ends.contact)
                _ = try await (account, contact)
                #expect(try await customers.living()[link.id ?? ""] != nil, "round \(round)")
            }
        }
    }

    private struct Living {
        var account = true
        var contact = true
    }

    private struct Ends {
        let customers: TestService
        let account: Account
        let contact: Contact

        init(_ customers: TestService) async throws {
            self.customers = customers
            account = try await customers.create(Account(displayName: "Acme"))
            contact = try await customers.create(Contact(familyName: "Wile"))
        }

        /// Deletes the account or the contact, or restores it if it is deleted.
        func turn(_ isAccount: Bool, _ living: inout Living) async throws {
            switch (isAccount, isAccount ? living.account : living.contact) {
            case (true, true): try await customers.delete(account)
            case (true, false): try await customers.restore(account)
            case (false, true): try await customers.delete(contact)
            case (false, false): try await customers.restore(contact)
            }
            if isAccount { living.account.toggle() } else { living.contact.toggle() }
        }

        func restore(_ living: inout Living) async throws {
            if !living.contact { try await turn(false, &living) }
            if !living.account { try await turn(true, &living) }
        }
    }
}
