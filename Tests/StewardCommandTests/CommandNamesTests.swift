import ArgumentParser
import Catalogue
import Contracts
import CustomerContracts
import IdentityContracts
import SalesContracts
import Testing
import Wire

@testable import steward

@Suite struct CommandNamesTests {
    private func cure(_ arguments: String...) -> String? {
        do {
            try CommandNames.check(arguments, of: Steward.self)
            return nil
        } catch {
            #expect(error.exitCode == 64)
            return error.cure
        }
    }

    @Test func wordsThatAreNoCommandsGetSuggestions() {
        #expect(cure("acount", "list") == "did you mean steward account?")
        #expect(cure("accounts", "list")?.contains("steward account") == true)
        #expect(cure("account", "lst")?.hasPrefix("did you mean steward account list") == true)
        #expect(cure("xyzzy") == "steward --help lists them")
        #expect(cure("account", "list", "anything") == nil)
        #expect(cure("help", "account") == nil)
        #expect(cure("--version") == nil)
        #expect(cure("account", "--help") == nil)
        #expect(cure("settings", "get") == nil && cure("settings", "show") == nil)
    }
}

@Suite struct RoleEditTests {
    @Test func accessIsCheckedBeforeItIsSent() throws {
        #expect(throws: UsageProblem.self) { try RoleEdit.access("hidden") }
        #expect(try RoleEdit.access("NONE") == FieldAccess.none)
    }
}

@Suite struct RecordColumnTests {
    @Test func referencesAreColumnsWithoutID() throws {
        guard case .reference("stage", let field, let noun) = try RecordColumn.named("stage", in: Deal.descriptor)
        else {
            Issue.record("stage is no reference")
            return
        }
        #expect(field.name == "stage_id" && noun.name == "stage")
        #expect(throws: UsageProblem.self) { try RecordColumn.named("external", in: Deal.descriptor) }
        #expect(throws: UsageProblem.self) { try RecordColumn.named("colour", in: Deal.descriptor) }
        let external = try #require(Deal.descriptor.field("external_id"))
        #expect(RecordColumn.reference(of: external, in: Deal.descriptor) == nil)
        for noun in RecordNouns.all {
            #expect(try noun.columns.map { try RecordColumn.named($0, in: noun.record).name } == noun.columns)
        }
    }

    @Test func aKindWithoutAPresentationIsShown() throws {
        for entry in ContractCatalogue.all.records {
            let noun = RecordNoun(entry, among: [])
            #expect(try noun.columns.map { try RecordColumn.named($0, in: noun.record).name } == noun.columns)
        }
        let deal = RecordNoun(Deal.entry, among: [])
        #expect(deal.abstract == "Keeps deals.")
        #expect(deal.columns.prefix(3) == ["id", "display_name", "pipeline"] && deal.columns.last == "owner")
        #expect(RecordNoun(Contact.entry, among: []).label == ["given_name", "family_name"])
        #expect(AccountContact.noun.name == "account-contact" && AccountContact.noun.plural == "account-contacts")
        #expect(RecordNoun(Activity.entry, among: []).plural == "activities")
    }

    @Test func everyKindHasACommandInTheGroupOfItsService() {
        let groups = RecordCommands.groups(["identity": [Import.self]])
        let names = groups.map { group in group.subcommands.map { $0._commandName } }
        #expect(groups.map(\.name) == ["Customers", "Sales", "Workspace"])
        #expect(
            names == [
                ["account", "contact", "account-contact", "activity", "lead", "record"], ["deal", "pipeline", "stage"],
                [
                    "user", "department", "role", "field-definition", "object-definition", "choice-list", "saved-view",
                    "tag", "sharing-rule", "validation-rule", "import",
                ],
            ])
    }

    @Test func namesOfContactsAreTwoFields() {
        let lookups = NameLookup.lookups(of: ["Wile E. Coyote"], by: nil, Contact.noun)
        #expect(lookups.last?.conditions.map(\.field) == ["given_name", "family_name"])
        #expect(lookups.last?.conditions[0].values == ["Coyote", "E. Coyote", "Wile", "Wile E."])
        let contact = Contact(givenName: "Wile E.", familyName: "Coyote").message()
        #expect(lookups.last?.value(of: contact) == "Wile E. Coyote")
        #expect(lookups.last?.value(of: Contact(givenName: "Wile", familyName: "Coyote").message()) == nil)
    }

    @Test func usersAreFoundByAddressInAnyCase() {
        let lookups = NameLookup.lookups(of: ["Rep@Demo.Example", "Rita Rep"], by: nil, User.noun)
        #expect(lookups.map { $0.conditions[0].field } == ["display_name", "email"])
        #expect(lookups[1].conditions[0].values == ["rep@demo.example"])
        #expect(lookups[1].value(of: User(email: "rep@demo.example").message()) == "Rep@Demo.Example")
    }
}

@Suite struct MessageJSONTests {
    @Test func wholeNumbersOf64BitsAreStringsBothWays() throws {
        let deal = Deal(version: .max, amount: Money(currencyCode: "EUR", minorUnits: 9_007_199_254_740_993)).message()
        let text = MessageJSON.text(deal)
        #expect(text.contains(#""version": "9223372036854775807""#))
        #expect(text.contains(#""minor_units": "9007199254740993""#))
        for json in [text, #"{"version": 9223372036854775807, "amount": {"minor_units": 9007199254740993}}"#] {
            let read = Message.make(Deal.descriptor, in: Arena())
            try MessageFill.fill(read, from: try JSONValue(text: json))
            #expect(Deal(read).version == .max)
            #expect(Deal(read).amount?.minorUnits == 9_007_199_254_740_993)
        }
    }

    @Test func shorterNumbersStayNumbers() {
        #expect(MessageJSON.text(Stage(position: 3).message()).contains("\"position\": 3"))
    }
}
