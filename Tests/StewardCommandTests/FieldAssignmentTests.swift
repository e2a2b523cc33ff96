import Contracts
import CustomerContracts
import IdentityContracts
import SalesContracts
import Tenancy
import Testing
import Wire

@testable import steward

@Suite struct FieldAssignmentTests {
    private func deal(_ arguments: String...) throws -> (Deal, [String]) {
        let message = Message.make(Deal.descriptor, in: Arena())
        let named = try FieldAssignment.apply(arguments, to: message)
        return (Deal(message), named)
    }

    @Test func fillsFieldsOfEveryKind() throws {
        let (deal, named) = try deal(
            "display_name=a=b", "amount=1250.50 EUR", "close_date=2026-12-31", "follow_up_time=2026-12-01T09:00:00Z",
            "description=", "version=3")
        #expect(deal.displayName == "a=b")
        #expect(deal.amount == Money(currencyCode: "EUR", minorUnits: 125_050))
        #expect(deal.followUpTime?.text == "2026-12-01T09:00:00Z")
        #expect(deal.description == nil)
        #expect(deal.version == 3)
        #expect(named.contains("description"))
    }

    @Test func fillsPartsAndLists() throws {
        let message = Message.make(Contact.descriptor, in: Arena())
        let named = try FieldAssignment.apply(
            ["contact_points.email=a@b.example", "contact_points.mobile=+491701234567"], to: message)
        #expect(Contact(message).contactPoints.map(\.kind) == [.email, .mobile])
        #expect(named == ["contact_points"])
        let user = Message.make(User.descriptor, in: Arena())
        _ = try FieldAssignment.apply(["role_ids=a,b", "disabled=yes"], to: user)
        #expect(User(user).roleIDs == ["a", "b"])
        #expect(User(user).disabled == true)
        let role = Message.make(Role.descriptor, in: Arena())
        _ = try FieldAssignment.apply([#"grants=[{"object": "deal", "action": "read", "scope": "own"}]"#], to: role)
        #expect(Role(role).grants == [Grant(object: "deal", action: "read", scope: .own)])
    }

    @Test func fillsARollUp() throws {
        let message = Message.make(FieldDefinition.descriptor, in: Arena())
        let named = try FieldAssignment.apply(
            [
                "kind=whole_number", "roll_up.object=activity", "roll_up.reference=account_id", "roll_up.function=sum",
                "roll_up.field=custom.hours", "roll_up.filter_expression=kind = ACTIVITY_KIND_CALL",
            ], to: message)
        let wanted = RollUp(
            object: "activity", reference: "account_id", function: .sum, field: "custom.hours",
            filterExpression: "kind = ACTIVITY_KIND_CALL")
        #expect(FieldDefinition(message).rollUp == wanted && named == ["kind", "roll_up"])
    }

    @Test(arguments: [
        "nosuch=1", "display_name", "=x", "amount=lots", "amount=1.234 EUR", "version=x", "follow_up_time=soon",
        "amount.nosuch=1", "display_name.part=1", "amount={bad",
    ])
    func refusesWithACure(_ argument: String) {
        #expect(throws: UsageProblem.self) { try deal(argument) }
    }

    @Test(arguments: [
        ["amount=5 KWD", "amount.currency_code=JPY"], ["amount.minor_units=1", "amount=7 EUR"],
        ["stage=A", "stage=B"], ["account=Acme", "account_id=x"], ["account.external_id=x", "account=Acme"],
        ["description=A", "description=B"], ["description=", "description=B"],
        ["amount.minor_units=1", "amount.minor_units=2"],
    ])
    func nothingIsSetTwice(_ arguments: [String]) {
        let problem = #expect(throws: UsageProblem.self) { try FieldsSet.check(arguments, of: Deal.descriptor) }
        for argument in arguments { #expect(problem?.text.contains(argument) == true) }
        let message = Message.make(Deal.descriptor, in: Arena())
        #expect(throws: UsageProblem.self) { try FieldAssignment.apply(arguments, to: message) }
    }

    @Test func partsAndListsMayStandBesideEachOther() throws {
        try FieldsSet.check(["amount.minor_units=1", "amount.currency_code=EUR", "stage=A"], of: Deal.descriptor)
        let points = ["contact_points.email=a@b.example", "contact_points.email=c@d.example"]
        try FieldsSet.check(points, of: Contact.descriptor)
        #expect(throws: UsageProblem.self) {
            try FieldsSet.check(points + ["contact_points=[]"], of: Contact.descriptor)
        }
        let problem = #expect(throws: UsageProblem.self) {
            try FieldsSet.check(["role=A", "role_ids=b"], of: User.descriptor)
        }
        #expect(problem?.cure.contains("all values") == true)
    }

    @Test func aValueMayBeginWithACombiningMark() throws {
        #expect(try deal("display_name=\u{301}x").0.displayName == "\u{301}x")
    }

    @Test(
        arguments: [
            ("{\"a\": 1, \"a\": 2}", "a"), ("{\"a\": 1, \"\\u0061\": 2}", "a"),
            ("[{\"b\": {\"c\":1,\"d\":[],\"c\" :2}}]", "c"),
            ("{\"a\": \"a\", \"b\": [\"a\", \"a\"], \"c\": {\"a\": \"\\\"a\\\":\"}}", nil),
            ("[{\"a\": 1}, {\"a\": 1}]", nil),
        ] as [(String, String?)])
    func namesOfJSONComeOnce(_ json: String, _ name: String?) throws {
        #expect(JSONNames.double(in: json) == name)
        if name == nil {
            _ = try JSONValue(text: json)
        } else {
            #expect(throws: UsageProblem.self) { try JSONValue(text: json) }
        }
    }

    @Test func aNULIsRefusedByItsField() throws {
        let message = Message.make(Deal.descriptor, in: Arena())
        let json = try JSONValue(text: "{\"display_name\": \"nul\\u0000x\"}")
        let problem = #expect(throws: UsageProblem.self) { try MessageFill.fill(message, from: json) }
        #expect(problem?.text.contains("display_name: the byte 00 at position 4") == true)
    }

    @Test(arguments: [
        ("account|create|display_name=bad|!", "argument 3, display_name: the byte FF at position 17"),
        ("list|--filter|city = \"|!", "argument 3, --filter: the byte FF at position 9"),
        ("|!", "argument 1: the byte FF"),
    ])
    func bytesThatAreNotUTF8AreRefused(_ text: String, _ says: String) {
        var arguments = text.split(separator: "|").map { Array($0.utf8) }
        arguments.removeLast()
        if arguments.isEmpty { arguments = [[]] }
        arguments[arguments.count - 1].append(0xff)
        let problem = #expect(throws: UsageProblem.self) { try CheckedText.check(arguments: arguments) }
        #expect(problem?.text.hasPrefix(says) == true, "\(String(describing: problem))")
    }

    @Test func textInUTF8IsAccepted() throws {
        try CheckedText.check(arguments: [Array("display_name=Müller 😀 \u{fffd}".utf8), []])
        #expect(CheckedText.invalidPosition(Array("ü€".utf8) + [0xe2, 0x82]) == 5)
    }

    @Test(arguments: [
        ("12,50 EUR", Int64(1_250)), ("1 250,00 EUR", 125_000), ("1234,56 EUR", 123_456), ("5.00 JPY", 5),
    ])
    func moneyIsReadAsItIsMeant(_ text: String, _ units: Int64) throws {
        #expect(try deal("amount=\(text)").0.amount?.minorUnits == units)
    }

    @Test(arguments: ["1,2,3 EUR", "1,250 EUR", "12.50", "12.50 $"]) func moneyThatIsNotCertainIsRefused(_ text: String)
    {
        let problem = #expect(throws: UsageProblem.self) { try deal("amount=\(text)") }
        #expect(problem?.text.hasPrefix("amount: ") == true)
        #expect(problem?.cure.contains("write") == true)
    }

    @Test func referencesByName() {
        #expect(ReferenceResolver.path("stage", in: Deal.descriptor)?.target == "stage_id")
        #expect(ReferenceResolver.path("owner", in: Deal.descriptor)?.noun == "user")
        #expect(ReferenceResolver.path("role", in: User.descriptor)?.isRepeated == true)
        #expect(ReferenceResolver.path("external", in: Deal.descriptor) == nil)
        #expect(ReferenceResolver.path("display_name", in: Deal.descriptor) == nil)
    }

    @Test func referencesByAnotherField() {
        let path = ReferenceResolver.path("account.external_id", in: Deal.descriptor)
        #expect(path?.target == "account_id")
        #expect(path?.noun == "account")
        #expect(ReferenceResolver.path("role.display_name", in: User.descriptor)?.target == "role_ids")
        #expect(ReferenceResolver.path("parent_account.external_id", in: Account.descriptor)?.noun == "account")
        #expect(ReferenceResolver.path("amount.minor_units", in: Deal.descriptor) == nil)
        #expect(ReferenceResolver.path("nosuch.field", in: Deal.descriptor) == nil)
    }

    @Test func enumNamesGoWithoutPrefix() throws {
        let message = Message.make(Activity.descriptor, in: Arena())
        _ = try FieldAssignment.apply(["kind=call", "direction=ACTIVITY_DIRECTION_INBOUND"], to: message)
        #expect(Activity(message).kind == .call)
        let kind = try #require(Activity.descriptor.field("kind"))
        #expect(FieldText.text(kind, of: message) == "call")
    }

    /// As of money, what may be thousands is refused, and what a program writes is read again.
    @Test(arguments: [("12.5", 12.5), ("1000", 1000), ("0.125", 0.125), ("1234.567", 1234.567), ("1.1250", 1.125)])
    func numbersHavePoints(_ text: String, _ number: Double) throws {
        #expect(try PlainNumber.read(text) == number)
    }

    @Test(arguments: [
        ("1.000", "write 1000 or 1"), ("1,250", "write 1250 or 1.2500"), ("-1.125", "write -1125 or -1.1250"),
        ("1,5", "write it with a point, 1.5"), ("many", "write it as 12.5"),
    ])
    func numbersThatAreNotCertainAreRefused(_ text: String, _ cure: String) {
        let problem = #expect(throws: PlainNumber.Problem.self) { try PlainNumber.read(text) }
        #expect(problem?.cure == cure)
    }

    @Test(arguments: [1.125, -999.875, 0.125, 1234.567, 1.5, 1000]) func whatIsWrittenIsReadAgain(_ number: Double)
        throws
    {
        let item = CustomField(name: "x", doubleValue: number).message()
        let field = try #require(CustomField.descriptor.field("double_value"))
        #expect(try PlainNumber.read(FieldText.cell(field, of: item)) == number)
    }
}
