import AccessControl
import Contracts
import CustomerContracts
import Postgres
import RPC
import Synchronization
import Tenancy
import TestPostgres
import TestService
import Testing
import Wire

@testable import Records

/// What somebody may try who reaches the service that mirrors.
@Suite struct MirrorAttackTests {
    private func account(_ id: RecordID = .make(), owner: UserID, _ name: String = "forged") -> Account {
        Account(
            id: id.text, version: 1, createTime: .now(), updateTime: .now(), ownerID: owner.description,
            displayName: name)
    }

    private func request(_ account: Account, fence: Int64 = 1_000, fields: [String] = ["display_name"])
        -> ApplyMirrorRequest
    {
        ApplyMirrorRequest(object: "account", fence: fence, fields: fields, records: [account.encoded()])
    }

    @Test func onlyTheSourceTellsForThisPurpose() async throws {
        try await Neighbours.run { world in
            let sales = world.sales
            let forged = request(account(owner: sales.admin))
            let callers: [(Caller?, Peer, String)] = [
                (nil, .program(.customer), "UNAUTHENTICATED"),
                (Neighbours.caller(sales, .user), .program(.customer), "MIRROR_FORBIDDEN"),
                (Neighbours.caller(sales, .user), .program(.gateway), "MIRROR_FORBIDDEN"),
                (Neighbours.caller(sales, .service(Purpose("run_jobs"))), .program(.customer), "MIRROR_FORBIDDEN"),
                (
                    Caller(
                        kind: .program(.mirrorRecords), tenantID: sales.tenant.id, userID: sales.admin, sessionID: nil,
                        policyEpoch: 1, expireTime: .now().advanced(by: .seconds(60)), workspace: ""),
                    .program(.customer), "MIRROR_FORBIDDEN"
                ),
                (Neighbours.caller(sales), .program(.identity), "MIRROR_FORBIDDEN"),
                (Neighbours.caller(sales), .program(.gateway), "MIRROR_FORBIDDEN"),
                (Neighbours.caller(sales), .program(.sales), "MIRROR_FORBIDDEN"),
            ]
            for (caller, peer, reason) in callers {
                let client = MirrorServiceClient(channel: Neighbours.channel(to: sales, as: caller, peer: peer))
                for error in [
                    try await denial { try await client.applyMirror(forged) },
                    try await denial { try await client.openMirror(OpenMirrorRequest(object: "account")) },
                ] {
                    #expect(
                        error.reason == reason || error.code == .unauthenticated && reason == "UNAUTHENTICATED",
                        "\(peer): \(error)")
                }
            }
            #expect(try await world.mirrored() == [])
        }
    }

    /// The rights of the purpose are none: whoever has the proof can do nothing else with it.
    @Test func theProofIsGoodForNothingElse() async throws {
        try await Neighbours.run { world in
            let customer = world.customer
            let caller = Neighbours.caller(customer)
            let access = customer.policies.snapshots.withLock { $0[customer.tenant.id] }
            let actor = try #require(TenantActor(caller))
            #expect(actor == TenantActor(customer.tenant.id, purpose: .mirrorRecords, onBehalfOf: nil))
            let rights = try #require(access?.access(of: actor))
            for object in ["account", "deal", "user", "role"] {
                for action in Action.all { #expect(rights.object(object).scope(action) == .none) }
            }
        }
    }

    /// A proof of another tenant reaches that one's schema, which is not here.
    @Test func anotherTenantIsNotReached() async throws {
        try await Neighbours.run { world in
            let caller = Neighbours.caller(world.sales, tenant: TenantID(.make()))
            let client = MirrorServiceClient(channel: Neighbours.channel(to: world.sales, as: caller))
            _ = try await denial { try await client.applyMirror(request(account(owner: world.sales.admin))) }
            #expect(try await world.mirrored() == [])
        }
    }

    @Test func whatBreaksTheFormIsRefusedAsAWhole() async throws {
        try await Neighbours.run { world in
            let owner = world.sales.admin
            let client = MirrorServiceClient(channel: world.way)
            let good = account(owner: owner, "good").encoded()
            func with(_ change: (inout Account) -> Void) -> [UInt8] {
                var wrong = account(owner: owner)
                change(&wrong)
                return wrong.encoded()
            }
            let wrong: [[UInt8]] = [
                [0xff, 0xff, 0xff], [], with { $0.id = "1" }, with { $0.id = nil }, with { $0.version = 0 },
                with { $0.version = nil }, with { $0.ownerID = "nobody" }, with { $0.ownerID = nil },
                with { $0.createTime = nil }, with { $0.updateTime = nil },
                with { $0.departmentID = "x" },
            ]
            for bytes in wrong {
                let error = try await denial {
                    try await client.applyMirror(
                        ApplyMirrorRequest(
                            object: "account", fence: 1_000, fields: ["display_name"], records: [good, bytes]))
                }
                #expect(error.code == .invalidArgument && error.reason == "MIRROR_NEWS_INVALID", "\(error)")
            }
            var requests = [ApplyMirrorRequest(object: "deal", fence: 1), ApplyMirrorRequest(fence: 1)]
            requests += [nil, 0, -1].map { ApplyMirrorRequest(object: "account", fence: $0) }
            requests.append(ApplyMirrorRequest(object: "account", fence: 1, goneIDs: [[1]]))
            requests.append(
                ApplyMirrorRequest(object: "account", fence: 1, range: MirrorRange(afterID: [1], untilID: nil)))
            requests.append(
                ApplyMirrorRequest(
                    object: "account", fence: 1, goneIDs: Array(repeating: RecordID.make().bytes, count: 10_000)))
            for request in requests {
                #expect(try await denial { try await client.applyMirror(request) }.code == .invalidArgument)
            }
            #expect(try await world.mirrored() == [])
        }
    }

    /// The source may be a newer program, whose rules are wider: what does not fit is left out, and the rest is told.
    @Test func valuesThatDoNotFitAreLeftOut() async throws {
        try await Neighbours.run { world in
            let client = MirrorServiceClient(channel: world.way)
            var wide = [account(owner: world.sales.admin, "x"), account(owner: world.sales.admin, "y")]
            wide[0].displayName = String(repeating: "x", count: 201)
            wide[0].region = "told"
            (wide[1].displayName, wide[1].region) = ("two\nlines", String(repeating: "x", count: 10_000))
            let good = account(owner: world.sales.admin, "good")
            var request = ApplyMirrorRequest(
                object: "account", fence: 1_000, fields: ["display_name", "region"],
                records: (wide + [good]).map { $0.encoded() })
            let answer = try await client.applyMirror(request)
            #expect(answer.changedIDs.count == 3 && answer.unfitCount == 3)
            #expect(try await world.mirrored() == ["?", "?", "good"])
            #expect(
                try await world.sales.number("SELECT count(*) FROM {schema}.account_mirror WHERE region = 'told'") == 1)
            // They are equal from then on, and a value that fits comes.
            #expect(try await client.applyMirror(request).changedIDs.isEmpty)
            wide[0].displayName = "fits"
            request.records = [wide[0].encoded()]
            #expect(try await client.applyMirror(request).unfitCount == 0)
            #expect(try await world.mirrored() == ["?", "fits", "good"])
        }
    }

    /// A fence that nobody can follow is refused, and the mirror goes on.
    @Test func aFenceThatIsMuchTooHighIsRefused() async throws {
        try await Neighbours.run { world in
            try await world.customer.create(Account(displayName: "a"))
            try await world.settle()
            let client = MirrorServiceClient(channel: world.way)
            let seen = try await world.sales.number("SELECT fence FROM {schema}.mirrors")
            for fence in [Int64.max, Int64(seen) + (1 << 32) + 1] {
                let error = try await denial {
                    try await client.applyMirror(request(account(owner: world.sales.admin), fence: fence))
                }
                #expect(error.reason == "MIRROR_FENCED" && error.details.map(\.value) == ["\(seen)"])
            }
            // One that is not refused costs a mirror that is made anew.
            _ = try await client.applyMirror(request(account(owner: world.sales.admin), fence: Int64(seen) + (1 << 32)))
            #expect(try await world.mirrored() == ["a", "forged"])
            try await world.customer.create(Account(displayName: "b"))
            for _ in 0..<4 { try await world.step() }
            #expect(try await world.step() == .idle)
            try await world.expectEqual()
        }
    }

    /// What is told beside the mirror's fields goes nowhere.
    @Test func fieldsThatAreNotMirroredAreNotKept() async throws {
        try await Neighbours.run { world in
            var told = account(owner: world.sales.admin)
            told.description = "secret"
            told.region = "not said"
            let client = MirrorServiceClient(channel: world.way)
            let answer = try await client.applyMirror(
                request(told, fields: ["display_name", "description", "nonsense"]))
            #expect(answer.changedIDs.count == 1)
            let row = try await world.sales.sql("SELECT ROW(account_mirror)::text FROM {schema}.account_mirror").one()
            #expect(try !row.string(0).contains("secret") && !row.string(0).contains("not said"))
        }
    }
}
