import AccessControl
import Contracts
import ServiceHost
import Tenancy
import Testing

@testable import IdentityService
@testable import ProductRoles

struct RightsCeilingTests {
    /// West and the branch below it stand beside east.
    private let west = RecordID.make()
    private let branch = RecordID.make()
    private let east = RecordID.make()

    private typealias Rights = (grants: [Contracts.Grant], policies: [Contracts.FieldPolicy])

    private func access(
        _ roles: Rights..., in unit: RecordID? = nil, branchUnder parent: RecordID? = nil
    ) throws -> UserAccess {
        let user = UserID(.make())
        let rules = roles.map { role in
            AccessControl.PolicyRole(
                id: .make(), displayName: "", grants: role.grants.map { AccessControl.Grant($0) },
                fieldPolicies: role.policies.map { AccessControl.FieldPolicy($0) })
        }
        let units = [
            AccessControl.PolicyUnit(id: west, parentID: nil),
            AccessControl.PolicyUnit(id: branch, parentID: parent ?? west),
            AccessControl.PolicyUnit(id: east, parentID: nil),
        ]
        let snapshot = PolicySnapshot(
            tenantID: TenantID(.make()), epoch: 1, isActive: true, roles: rules, units: units,
            users: [AccessControl.PolicyUser(id: user, unitID: unit, roleIDs: rules.map(\.id))])
        return try #require(snapshot.access(of: user))
    }

    private func on(_ object: String, _ action: String, _ scope: GrantScope) -> Rights {
        ([Contracts.Grant(object: object, action: action, scope: scope)], [])
    }

    @Test func scopesAreCompared() throws {
        let manager = RightsCeiling(caller: try access((BuiltInRole.salesManager.grants, [])), catalogue: .product)
        #expect(manager.excess(of: try access((BuiltInRole.salesRep.grants, []))) == nil)
        #expect(manager.excess(of: try access((BuiltInRole.reader.grants, []))) == "account.read")
        #expect(manager.excess(of: try access((BuiltInRole.admin.grants, []))) != nil)
        let admin = RightsCeiling(caller: try access((BuiltInRole.admin.grants, [])), catalogue: .product)
        for role in BuiltInRole.all {
            #expect(admin.excess(of: try access((role.grants, []), in: west)) == nil, "\(role.name)")
        }
    }

    @Test func bulkActionsAndSettingsAreCompared() throws {
        let rights = on("account", "*", .own)
        let worker = RightsCeiling(caller: try access(on("account", "read", .all)), catalogue: .product)
        #expect(worker.excess(of: try access(on("account", "export", .own))) == "account.export")
        #expect(worker.excess(of: try access(on("settings", "update", .all))) == "settings.update")
        #expect(worker.excess(of: try access(rights)) == "account.create")
    }

    @Test func departmentsAreCompared() throws {
        let ceiling = RightsCeiling(caller: try access(on("deal", "read", .subtree), in: west), catalogue: .product)
        for scope in [GrantScope.unit, .subtree] {
            let wish = on("deal", "read", scope)
            #expect(ceiling.excess(of: try access(wish, in: branch)) == nil)
            #expect(ceiling.excess(of: try access(wish, in: west)) == nil)
            #expect(ceiling.excess(of: try access(wish, in: east)) == "deal.read")
        }
        #expect(ceiling.excess(of: try access(on("deal", "read", .own), in: east)) == nil)
        let homeless = RightsCeiling(caller: try access(on("deal", "read", .subtree)), catalogue: .product)
        #expect(homeless.excess(of: try access(on("deal", "read", .unit), in: west)) == "deal.read")
        #expect(homeless.excess(of: try access(on("deal", "read", .unit))) == nil)
    }

    @Test func departmentsDoNotMatterWhereEverybodySharesRecords() throws {
        let ceiling = RightsCeiling(caller: try access(on("pipeline", "read", .unit), in: west), catalogue: .product)
        #expect(ceiling.excess(of: try access(on("pipeline", "read", .unit), in: east)) == nil)
    }

    @Test func ofAMoveOnlyWhatIsGainedIsCompared() throws {
        let reads = on("deal", "read", .subtree)
        let before = try access(reads, in: east)
        let after = try access(reads, in: east, branchUnder: east)
        let gaining = RightsCeiling(caller: try access(reads, in: branch), catalogue: .product)
        #expect(gaining.excess(of: after, since: before) == nil)
        #expect(gaining.excess(of: after) == "deal.read")
        let stranger = RightsCeiling(caller: try access(reads, in: east), catalogue: .product)
        #expect(stranger.excess(of: after, since: before) == "deal.read")
        #expect(stranger.excess(of: before, since: before) == nil)
    }

    @Test func hiddenFieldsStayHidden() throws {
        let hidden = [Contracts.FieldPolicy(object: "account", field: "phone", access: FieldAccess.none)]
        let open = on("account", "*", .all)
        let closed: Rights = (open.grants, hidden)
        let ceiling = RightsCeiling(caller: try access(closed), catalogue: .product)
        #expect(ceiling.excess(of: try access(closed)) == nil)
        #expect(ceiling.excess(of: try access(open)) == "account.phone")
        // Two roles together give what one of them gives.
        #expect(ceiling.excess(of: try access(closed, open)) == "account.phone")
    }

    @Test func aRoleThatOnlyReadsWritesNoField() throws {
        let guarded = [Contracts.FieldPolicy(object: "account", field: "phone", access: .read)]
        let caller = try access((on("account", "*", .all).grants, guarded))
        let reader = try access(on("account", "read", .all))
        #expect(RightsCeiling(caller: caller, catalogue: .product).excess(of: reader) == nil)
    }
}
