import AccessControl
import Tenancy
import Testing

/// Objects that workspaces define: how they are called, how they number their records, and grants on them.
@Suite struct TenantObjectTests {
    @Test(arguments: [
        ("CASE-{year}-{number:5}", "CASE-2026-00042", true), ("{number}", "42", false),
        ("№{number:3}/A", "№042/A", false),
        ("{year}{number:1}", "202642", true), ("病历-{number:4}", "病历-0042", false),
    ])
    func aFormatWritesNumbers(_ text: String, _ written: String, _ isYearly: Bool) throws {
        let format = try #require(NumberFormat(text))
        #expect(format.text(number: 42, year: 2026) == written)
        #expect(format.isYearly == isYearly && format.text == text)
    }

    @Test func longNumbersKeepAllTheirDigits() {
        #expect(NumberFormat("{number:3}")?.text(number: 123_456, year: 1) == "123456")
    }

    @Test(arguments: [
        "", "CASE", "{year}", "{number}{number}", "{number}{year}{year}", "{number:0}", "{number:13}", "{number:}",
        "{number:+5}", "{number:5:5}", "{Number}", "{number", "number}", "{}{number}", "{number}}", "{{number}}",
        "{number}" + String(repeating: "x", count: 43),
    ])
    func whatIsNoFormatIsNone(_ text: String) { #expect(NumberFormat(text) == nil) }

    @Test func noTextMakesAFormatCrash() {
        var generator = SystemRandomNumberGenerator()
        let pieces = ["{", "}", "number", "year", ":", "5", "x", "é", "{number}", "{year}", "中"]
        for _ in 0..<5_000 {
            let text = (0..<Int.random(in: 0...8, using: &generator)).compactMap { _ in
                pieces.randomElement(using: &generator)
            }
            .joined()
            guard let format = NumberFormat(text) else { continue }
            #expect(format.text(number: 7, year: 2026).contains("7"), "\(text)")
        }
    }

    @Test func namesOfObjectsAreWords() {
        #expect(TenantObject.isObject("custom.purchase_request"))
        for text in ["project", "custom.", "custom.Project", "custom.a.b", "custom.9a", "custom.*", "account"] {
            #expect(!TenantObject.isObject(text), "\(text)")
        }
    }

    @Test func aGrantOnAllOwnObjectsIsOnThemAlone() throws {
        let user = UserAccess.having([Grant(object: "custom.*", action: "read", scope: .all)])
        #expect(user.object("custom.project").scope(.read) == .all)
        #expect(user.object("account").scope(.read) == .none && user.object("custom.project").scope(.update) == .none)
    }

    @Test func grantsMayNameObjectsOfTheWorkspace() {
        let catalogue = PermissionCatalogue(
            objects: [PermissionObject(name: "account", fields: ["id", "city"])], ownFields: ["id", "display_name"])
        for object in ["custom.project", "custom.*"] {
            #expect(catalogue.problem(with: Grant(object: object, action: "read", scope: .own)) == nil, "\(object)")
        }
        #expect(catalogue.problem(with: Grant(object: "custom.", action: "read", scope: .own)) != nil)
        func policy(_ object: String, _ field: String) -> String? {
            catalogue.problem(with: FieldPolicy(object: object, field: field, level: .none))
        }
        #expect(policy("custom.project", "display_name") == nil && policy("custom.project", "custom.size") == nil)
        #expect(policy("custom.project", "city") != nil && policy("custom.project", "id") != nil)
        #expect(policy("custom.*", "display_name") != nil)
    }

    @Test func aModelTellsItsObjectsByName() {
        let project = TenantObject(name: "project", number: 3)
        let model = TenantModel([], objects: [project, TenantObject(name: "case", number: 2)])
        #expect(model.object("custom.project") == project && model.object("project") == nil)
        #expect(model.objects.map(\.name) == ["case", "project"])
        #expect(TenantModel([], objects: model.objects).unlessSame(as: model) === model)
        #expect(TenantModel([], objects: [project]).unlessSame(as: model) !== model)
    }
}

extension UserAccess {
    /// Of a user with one role.
    fileprivate static func having(_ grants: [Grant]) -> UserAccess {
        let (user, role) = (UserID(.make()), RecordID.make())
        let policy = PolicySnapshot(
            tenantID: TenantID(.make()), epoch: 1, isActive: true,
            roles: [PolicyRole(id: role, displayName: "Test", grants: grants, fieldPolicies: [])], units: [],
            users: [PolicyUser(id: user, unitID: nil, roleIDs: [role])], placements: [])
        guard let access = policy.access(of: user) else { preconditionFailure("the user is in the policy") }
        return access
    }
}
