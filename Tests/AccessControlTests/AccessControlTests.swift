import AccessControl
import Tenancy
import Testing

@Suite struct DecisionTests {
    let tenant = TenantID(RecordID.make())
    let rep = UserID(RecordID.make())
    let boss = UserID(RecordID.make())
    let stranger = UserID(RecordID.make())
    let top = RecordID.make()
    let north = RecordID.make()
    let south = RecordID.make()
    let repRole = RecordID.make()
    let bossRole = RecordID.make()

    func snapshot(active: Bool = true, extraUsers: [PolicyUser] = [], units: [PolicyUnit]? = nil)
        -> PolicySnapshot
    {
        let read = Grant(object: "account", action: "read", scope: .unit)
        let rep = PolicyRole(
            id: repRole, displayName: "Rep",
            grants: [read, Grant(object: "account", action: "update", scope: .own)],
            fieldPolicies: [
                FieldPolicy(object: "account", field: "phone", level: .masked),
                FieldPolicy(object: "account", field: "id", level: .none),
            ])
        let boss = PolicyRole(
            id: bossRole, displayName: "Boss", grants: [Grant(object: "*", action: "*", scope: .subtree)],
            fieldPolicies: [])
        return PolicySnapshot(
            tenantID: tenant, epoch: 7, isActive: active, roles: [rep, boss],
            units: units ?? [
                PolicyUnit(id: top, parentID: nil), PolicyUnit(id: north, parentID: top),
                PolicyUnit(id: south, parentID: top),
            ],
            users: [
                PolicyUser(id: self.rep, unitID: north, roleIDs: [repRole]),
                PolicyUser(id: self.boss, unitID: top, roleIDs: [bossRole]),
            ] + extraUsers)
    }

    func caller(_ user: UserID, tenant: TenantID?, kind: Caller.Kind = .user) -> Caller {
        Caller(
            kind: kind, tenantID: tenant, userID: user, sessionID: .make(), policyEpoch: 7,
            expireTime: .now(),
            workspace: "test")
    }

    @Test func recordsAreSharedWithRolesAndTheDepartmentsAbove() throws {
        let access = try #require(snapshot().access(of: rep)).object("account")
        #expect(access.audience == Audience(user: rep, unit: north, units: [top, north].sorted(), roles: [repRole]))
        let deep = (0..<5).map { _ in RecordID.make() }
        let units = zip(deep, [nil] + deep.map { $0 }).map { PolicyUnit(id: $0, parentID: $1) }
        let user = UserID(.make())
        let snapshot = snapshot(
            extraUsers: [PolicyUser(id: user, unitID: deep[3], roleIDs: [])],
            units: units + [PolicyUnit(id: north, parentID: deep[0])])
        #expect(snapshot.access(of: user)?.object("account").audience.units == deep.prefix(4).sorted())
        let nowhere = snapshot.access(of: boss)?.object("account").audience
        #expect(nowhere == Audience(user: boss, unit: nil, units: [], roles: [bossRole]))
    }

    @Test func scopesSelectOwnUnitAndSubtree() throws {
        let snapshot = snapshot()
        let account = try #require(snapshot.access(of: rep)).object("account")
        #expect(account.predicate(.read, ownership: .owned) == .ownerOrUnits(rep, [north]))
        #expect(account.predicate(.update, ownership: .owned) == .owner(rep))
        #expect(account.predicate(.delete, ownership: .owned) == .none)
        #expect(account.allows(.read, ownership: .owned, owner: boss.id, unit: north))
        #expect(!account.allows(.read, ownership: .owned, owner: boss.id, unit: south))
        #expect(account.allows(.read, ownership: .owned, owner: rep.id, unit: south))
        #expect(!account.allows(.read, ownership: .owned, owner: boss.id, unit: nil))
        let all = try #require(snapshot.access(of: boss)).object("deal")
        guard case .ownerOrUnits(boss, let units) = all.predicate(.delete, ownership: .owned) else {
            Issue.record("not a subtree")
            return
        }
        #expect(Set(units) == [top, north, south])
    }

    /// Its records stay with those above; nothing new comes into it.
    @Test func aDeletedUnitIsStillBelowTheOthers() throws {
        let snapshot = snapshot(units: [
            PolicyUnit(id: top, parentID: nil), PolicyUnit(id: north, parentID: top),
            PolicyUnit(id: south, parentID: top, isDeleted: true),
        ])
        let all = try #require(snapshot.access(of: boss)).object("deal")
        #expect(all.allows(.read, ownership: .owned, owner: rep.id, unit: south))
        #expect(!snapshot.hasUnit(south) && snapshot.hasUnit(north))
    }

    @Test func sharedRecordsAreReadInAnyScopeAndWrittenInAllOnly() throws {
        let account = try #require(snapshot().access(of: rep)).object("account")
        #expect(account.predicate(.read, ownership: .shared) == .all)
        #expect(account.predicate(.update, ownership: .shared) == .none)
    }

    @Test func fieldLevelsAddUpOverRolesThatGrantTheObject() throws {
        let idle = PolicyRole(id: .make(), displayName: "Idle", grants: [], fieldPolicies: [])
        let reader = PolicyRole(
            id: .make(), displayName: "Reader",
            grants: [Grant(object: "account", action: "read", scope: .own)],
            fieldPolicies: [])
        func level(_ roles: [PolicyRole]) throws -> FieldLevel {
            let rep = PolicyRole(
                id: repRole, displayName: "Rep",
                grants: [Grant(object: "account", action: "update", scope: .own)],
                fieldPolicies: [FieldPolicy(object: "account", field: "phone", level: .masked)])
            let snapshot = PolicySnapshot(
                tenantID: tenant, epoch: 1, isActive: true, roles: [rep] + roles, units: [],
                users: [PolicyUser(id: stranger, unitID: nil, roleIDs: [repRole] + roles.map(\.id))])
            return try #require(snapshot.access(of: stranger)).object("account").level(of: "phone")
        }
        #expect(try level([]) == .masked)
        // A role without any grant on accounts must not lift the mask, one that only reads must not make it writable.
        #expect(try level([idle]) == .masked)
        #expect(try level([reader]) == .read)
    }

    @Test func idIsAlwaysReadable() throws {
        let account = try #require(snapshot().access(of: rep)).object("account")
        #expect(account.level(of: "id") == .write)
        #expect(account.level(of: "phone") == .masked)
        #expect(account.level(of: "city") == .write)
        #expect(account.restrictsFields)
        #expect(!(try #require(snapshot().access(of: boss)).object("account").restrictsFields))
    }

    @Test func strangersOperatorsOtherTenantsAndInactiveTenantsHaveNothing() {
        #expect(snapshot().access(of: stranger) == nil)
        #expect(snapshot(active: false).access(of: boss) == nil)
        #expect(snapshot().access(of: caller(boss, tenant: TenantID(.make()))) == nil)
        #expect(snapshot().access(of: caller(boss, tenant: nil)) == nil)
        #expect(snapshot().access(of: caller(boss, tenant: tenant, kind: .operator)) == nil)
        #expect(snapshot().access(of: caller(boss, tenant: tenant)) != nil)
    }

    @Test func roleOfAnotherTenantGivesNothing() throws {
        let intruder = PolicyUser(id: stranger, unitID: RecordID.make(), roleIDs: [RecordID.make()])
        let access = try #require(snapshot(extraUsers: [intruder]).access(of: stranger))
        for action in Action.all {
            #expect(access.object("account").predicate(action, ownership: .owned) == .none)
        }
        #expect(access.unitID == nil)
    }

    @Test func aBulkActionShowsNoFieldAndIsNotGrantedByOthers() throws {
        let all = Action.single.map { Grant(object: "account", action: $0.name, scope: .all) }
        let worker = PolicyRole(
            id: .make(), displayName: "Worker", grants: all,
            fieldPolicies: [FieldPolicy(object: "account", field: "phone", level: .none)])
        let exporter = PolicyRole(
            id: .make(), displayName: "Exporter", grants: [Grant(object: "account", action: "export", scope: .unit)],
            fieldPolicies: [])
        let user = PolicyUser(id: stranger, unitID: top, roleIDs: [worker.id, exporter.id])
        let policy = PolicySnapshot(
            tenantID: tenant, epoch: 1, isActive: true, roles: [worker, exporter], units: [], users: [user])
        let account = try #require(policy.access(of: stranger)).object("account")
        #expect(account.level(of: "phone") == .none)
        for action in Action.bulk {
            #expect(account.scope(action) == (action == .export ? .unit : .none), "\(action)")
        }
    }

    @Test func departmentsInACycleStandAlone() throws {
        let units = [
            PolicyUnit(id: top, parentID: south), PolicyUnit(id: south, parentID: top),
            PolicyUnit(id: north, parentID: south),
        ]
        let account = try #require(snapshot(units: units).access(of: boss)).object("account")
        #expect(account.predicate(.read, ownership: .owned) == .ownerOrUnits(boss, [top]))
    }

    @Test func departmentOfItselfAndTwiceNamedDoNotLoop() throws {
        let units = [
            PolicyUnit(id: top, parentID: top), PolicyUnit(id: north, parentID: nil),
            PolicyUnit(id: north, parentID: nil),
        ]
        let account = try #require(snapshot(units: units).access(of: boss)).object("account")
        #expect(account.predicate(.read, ownership: .owned) == .ownerOrUnits(boss, [top]))
    }

    @Test func userWithoutDepartmentHasOnlyOwnRecordsInUnitScope() throws {
        let loner = PolicyUser(id: stranger, unitID: nil, roleIDs: [bossRole])
        let account = try #require(snapshot(extraUsers: [loner]).access(of: stranger)).object("account")
        #expect(account.predicate(.read, ownership: .owned) == .owner(stranger))
    }

    @Test func unknownObjectHasWhatTheWildcardGrants() throws {
        #expect(try #require(snapshot().access(of: rep)).object("nonsense").scope(.read) == .none)
        #expect(try #require(snapshot().access(of: boss)).object("nonsense").scope(.read) == .subtree)
    }

    @Test func explanationNamesRolesAndScope() throws {
        let account = try #require(snapshot().access(of: rep)).object("account")
        let refused = account.explain(.update, ownership: .owned, owner: boss.id, unit: north)
        #expect(!refused.isAllowed)
        #expect(
            refused.description
                == "account.update: refused; the record is outside the scope own; Rep grants account.update on own"
        )
        #expect(account.explain(.delete, ownership: .owned, owner: nil, unit: nil).contributions.isEmpty)
    }

    @Test func catalogueRefusesSlips() {
        let catalogue = PermissionCatalogue(objects: [
            PermissionObject(name: "account", fields: ["id", "phone"])
        ])
        #expect(catalogue.problem(with: Grant(object: "account", action: "read", scope: .own)) == nil)
        #expect(catalogue.problem(with: Grant(object: "*", action: "*", scope: .all)) == nil)
        #expect(catalogue.problem(with: Grant(object: "acount", action: "read", scope: .own)) != nil)
        #expect(catalogue.problem(with: Grant(object: "account", action: "raed", scope: .own)) != nil)
        #expect(catalogue.problem(with: Grant(object: "account", action: "read", scope: .none)) != nil)
        #expect(catalogue.problem(with: FieldPolicy(object: "account", field: "phone", level: .none)) == nil)
        #expect(catalogue.problem(with: FieldPolicy(object: "account", field: "id", level: .none)) != nil)
        #expect(catalogue.problem(with: FieldPolicy(object: "account", field: "fax", level: .none)) != nil)
    }

    @Test func deepTreesAreBuiltWithoutRecursion() throws {
        let chain = (0..<50_000).map { _ in RecordID.make() }
        let units = chain.indices.map { PolicyUnit(id: chain[$0], parentID: $0 == 0 ? nil : chain[$0 - 1]) }
        let head = PolicyUser(id: stranger, unitID: chain[0], roleIDs: [bossRole])
        let account = try #require(snapshot(extraUsers: [head], units: units).access(of: stranger)).object(
            "account")
        guard case .ownerOrUnits(_, let all) = account.predicate(.read, ownership: .owned) else {
            Issue.record("not a subtree")
            return
        }
        #expect(all.count == chain.count)
    }
}
