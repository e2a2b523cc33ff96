import Contracts
import CustomerContracts
import IdentityContracts
import SalesContracts
import Testing
import Text

@testable import steward

/// Objects of the workspace's own beside the commands that there are.
@Suite struct OwnNounTests {
    @Test func anObjectThatIsCalledAsACommandHasAPrefix() {
        #expect(OwnNoun.word(of: "project") == "project" && OwnNoun.word(of: "purchase_request") == "purchase-request")
        for name in ["account", "record", "search", "import"] {
            #expect(OwnNoun.word(of: name) == "custom.\(name)")
        }
        let own = RecordNoun(Record.entry, own: "account")
        #expect(own.name == "custom.account" && own.plural == "custom.account records" && own.isOwn)
        #expect(RecordNouns.named("account") == nil || RecordNouns.named("account")?.isOwn == false)
        #expect(RecordNoun(Record.entry, own: "course_attempt").fileName == "course-attempt-records")
    }

    /// Only of a word that may be a mistyped command the workspace is asked, and what it does not have is one.
    @Test(arguments: [
        (["acount", "list"], ["acount"]), (["contract", "list"], ["contract"]), (["account", "list"], []),
        (["help", "account"], []), (["--version"], []), ([], []),
    ])
    func theWorkspaceIsAskedBeforeATypoIsGuessed(_ arguments: [String], _ asked: [String]) async {
        let log = Log()
        let replaced = await OwnNoun.replaced(in: arguments, of: Steward.self) { name in
            await log.add(name)
            return false
        }
        let names = await log.names
        #expect(replaced == arguments && names == asked)
    }

    private actor Log {
        private(set) var names: [String] = []
        func add(_ name: String) { names.append(name) }
    }

    @Test func theOptionsOfTheConnectionAreFoundAmongOthers() throws {
        let options = try ConnectionOptions.among([
            "contract", "list", "--profile", "p", "--filter", "x", "--server=host:1", "--ca", "f",
        ])
        #expect(options.profile == "p" && options.server == "host:1" && options.ca == "f")
        #expect(options.serverName == nil)
    }
}

@Suite struct FieldPathTests {
    @Test(arguments: [
        ("account-contact.role", "account_contact", "role", "role"),
        ("account.custom.size", "account", "custom.size", "size"),
        ("project.custom.start", "custom.project", "custom.start", "start"),
        ("custom.project.custom.start", "custom.project", "custom.start", "start"),
        ("custom.project.budget", "custom.project", "budget", "budget"),
        ("custom.account.display_name", "custom.account", "display_name", "display_name"),
    ])
    func fieldsOfAllObjectsAreWritten(_ text: String, _ object: String, _ field: String, _ name: String) throws {
        let path = try FieldPath(text)
        #expect(path.object == object && path.field == field && path.definedName == name)
    }

    @Test(arguments: ["deal", "custom.project", ""]) func whatNamesNoFieldIsRefused(_ text: String) {
        #expect(throws: UsageProblem.self) { try FieldPath(text) }
    }
}

@Suite struct GrantWordsTests {
    @Test(arguments: [
        (["deal", "delete", "own"], "deal", "delete", GrantScope.own),
        (["deal.delete", "own"], "deal", "delete", .own), (["user.read"], "user", "read", nil),
        (["custom.project.update", "all"], "custom.project", "update", .all),
        (["custom.project", "update", "UNIT"], "custom.project", "update", .unit),
        (["account-contact", "mass-update", "all"], "account_contact", "mass_update", .all),
        (["*", "*", "all"], "*", "*", .all),
    ])
    func rightsAreWrittenInOneWordOrTwo(
        _ words: [String], _ object: String, _ action: String, _ scope: GrantScope?
    ) throws {
        let right = try GrantWords(words, takesScope: true)
        #expect(right.object == object && right.action == action && right.scope == scope)
    }

    @Test func aScopeMayBeMissingWhereThereIsOne() throws {
        #expect(try GrantWords(["user.read"], takesScope: true).scopeOrAll == .all)
        let deal = try GrantWords(["deal.read"], takesScope: true)
        #expect(throws: UsageProblem.self) { try deal.scopeOrAll }
        #expect(throws: UsageProblem.self) { try GrantWords(["deal"], takesScope: true) }
        #expect(throws: UsageProblem.self) { try GrantWords(["deal", "read", "own"], takesScope: false) }
        #expect(throws: UsageProblem.self) { try GrantWords(["deal", "read", "mine"], takesScope: true) }
    }
}

@Suite struct PersonNameTests {
    @Test(arguments: [
        ("三", "张", ["张三", "三 张", "张 三"]), ("San", "Zhang", ["San Zhang", "Zhang San"]), ("", "张", ["张"]),
        ("Cher", "", ["Cher"]), ("", "", []), ("Tom", "张", ["Tom 张", "张 Tom"]),
        ("길동", "홍", ["홍길동", "길동 홍", "홍 길동"]), ("買提", "阿凡提·", ["阿凡提·買提", "買提 阿凡提·", "阿凡提· 買提"]),
    ])
    func theFamilysComesFirstInChinese(_ given: String, _ family: String, _ spellings: [String]) {
        #expect(PersonalName.spellings(given: given, family: family) == spellings)
        let record = Contact(givenName: given, familyName: family).message()
        #expect(ReferenceNames.name(of: record, Contact.noun) == spellings.first)
    }

    @Test(arguments: [
        ("张三", "三", "张"), ("欧阳娜娜", "娜娜", "欧阳"), ("三 张", "三", "张"), ("张 三", "三", "张"),
        ("Zhang San", "San", "Zhang"), ("San Zhang", "San", "Zhang"), ("de la Cruz Ana", "Ana", "de la Cruz"),
    ])
    func eitherOrderIsFound(_ name: String, _ given: String, _ family: String) {
        let record = Contact(givenName: given, familyName: family).message()
        let lookups = NameLookup.lookups(of: [name], by: nil, Contact.noun)
        #expect(lookups.last?.conditions[0].values.contains(given) == true)
        #expect(lookups.last?.conditions[1].values.contains(family) == true)
        #expect(lookups.last?.value(of: record) == name)
        let other = Contact(givenName: given + "x", familyName: family).message()
        #expect(lookups.last?.value(of: other) == nil)
    }

    /// What has no name goes by its number.
    @Test func aNumberStandsForAName() {
        let noun = RecordNoun(Record.entry, own: "attempt")
        #expect(ReferenceNames.name(of: Record(number: "ATT-1").message(), noun) == "ATT-1")
        #expect(ReferenceNames.name(of: Record(displayName: "A", number: "ATT-1").message(), noun) == "A")
    }
}

@Suite struct RecordKeysTests {
    /// Names, numbers that are no texts, and what may not be compared find no record by themselves.
    @Test func whatIsUniqueFindsARecord() {
        func field(
            _ name: String, _ kind: ValueKind = .text, unique: Bool? = true, _ operators: [ComparisonOperator] = [.in]
        ) -> ObjectField {
            ObjectField(name: name, kind: kind, unique: unique, filterOperators: operators)
        }
        let fields = [
            field("display_name"), field("number", unique: nil), field("external_id"), field("email"),
            field("custom.code"), field("custom.count", .wholeNumber), field("custom.hidden", .text, unique: true, []),
            field("city", unique: nil),
        ]
        let keys = RecordKeys.fields(of: fields, RecordNoun(Record.entry, own: "course"))
        #expect(keys == ["number", "external_id", "custom.code"])
    }
}
