import Contracts
import CustomerService
import Migrations
import RPC
import Reactor
import SalesService
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import ProvisionerService

/// Indexes on fields that workspaces have added, as the provisioner makes and drops them.
@Suite struct FieldIndexesTests {
    private static func request(
        _ object: String = "account", number: Int64 = 7, own: Int64? = nil, kind: FieldKind = .text,
        service: String = "customer", wanted: Bool = true
    ) -> IndexFieldRequest {
        IndexFieldRequest(
            service: service, object: object, objectNumber: own, fieldNumber: number, kind: kind, wanted: wanted)
    }

    private static func run(_ body: (RightsWorld, FieldIndexes) async throws -> Void) async throws {
        let world = try await RightsWorld()
        let (owner, building) = (world.owner(), world.owner())
        let indexes = FieldIndexes(
            database: owner, building: building, definitions: [CustomerService.definition, SalesService.definition],
            logger: world.postgres.logger)
        try await body(world, indexes)
        await owner.close()
        await building.close()
    }

    /// Asks until it is done.
    private static func ask(_ request: IndexFieldRequest, _ world: RightsWorld, _ indexes: FieldIndexes) async throws {
        let end = MonotonicTime.moment(.seconds(30), after: MonotonicTime.now())
        while try await indexes.index(world.tenant, request).done != true, MonotonicTime.now() < end {
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private static func made(_ world: RightsWorld, _ service: ServiceName = .customer) async throws -> [String] {
        try await world.rows(
            """
            SELECT relname || ' ' || indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid
            WHERE relnamespace = '\(world.schema(service))'::regnamespace AND relname LIKE 'custom\\_%\\_idx'
                AND relname ~ '^custom_[0-9]' ORDER BY 1
            """)
    }

    @Test func oneOfEachKindIsMadeAndDropped() async throws {
        try await Self.run { world, indexes in
            let kinds: [FieldKind] = [
                .text, .wholeNumber, .number, .money, .yesNo, .date, .time, .choice, .email, .phone, .reference,
            ]
            for (index, kind) in kinds.enumerated() {
                let number = Int64(index + 1)
                try await Self.ask(Self.request(number: number, kind: kind), world, indexes)
                try await Self.ask(
                    Self.request("custom.room", number: number + 20, own: 3, kind: kind), world, indexes)
            }
            let there = try await Self.made(world)
            #expect(there.count == 22 && there.allSatisfy { $0.hasSuffix("true") }, "\(there)")
            // Of an object of the workspace's own its own rows alone.
            let ofRooms = try await world.rows(
                """
                SELECT indexdef FROM pg_indexes WHERE schemaname = '\(world.schema(.customer))'
                    AND indexname ~ '^custom_[0-9]' AND tablename = 'custom_records'
                """)
            #expect(ofRooms.count == 11 && ofRooms.allSatisfy { $0.contains("object_number = 3") }, "\(ofRooms)")
            try await Self.ask(Self.request("deal", service: "sales"), world, indexes)
            let sales = try await Self.made(world, .sales)
            #expect(sales == ["custom_7_idx true"])
            for index in kinds.indices {
                try await Self.ask(Self.request(number: Int64(index + 1), wanted: false), world, indexes)
            }
            let left = try await Self.made(world)
            #expect(left.count == 11)
        }
    }

    /// A provisioner that was killed leaves an index that is of no use.
    @Test func whatWasCutOffIsMadeAnew() async throws {
        try await Self.run { world, indexes in
            try await Self.ask(Self.request(), world, indexes)
            _ = try await world.rows(
                "UPDATE pg_index SET indisvalid = false WHERE indexrelid = '\(world.schema(.customer)).custom_7_idx'::regclass RETURNING ''"
            )
            let broken = try await Self.made(world)
            #expect(broken == ["custom_7_idx false"])
            try await Self.ask(Self.request(), world, indexes)
            let whole = try await Self.made(world)
            #expect(whole == ["custom_7_idx true"])
        }
    }

    /// Who asks for something else than is being made is told to come again, and gets it in the end; nobody who stopped asking holds others up.
    @Test func oneIsMadeAfterTheOther() async throws {
        try await Self.run { world, indexes in
            let first = try await indexes.index(world.tenant, Self.request(number: 1))
            let second = try await indexes.index(world.tenant, Self.request(number: 2))
            #expect(first.done != true && second.done != true)
            try await Self.ask(Self.request(number: 2), world, indexes)
            try await Self.ask(Self.request(number: 1, wanted: false), world, indexes)
            let there = try await Self.made(world)
            #expect(there == ["custom_2_idx true"])
        }
    }

    /// While the one is under way, the other is not done: an index that waits for its table is nowhere yet, and one that is to be dropped is still there.
    @Test(arguments: [true, false]) func whatIsUnderWayIsNotDone(isWantedFirst: Bool) async throws {
        try await Self.run { world, indexes in
            if !isWantedFirst { try await Self.ask(Self.request(), world, indexes) }
            let table = "\(world.schema(.customer)).accounts"
            try await world.holding("LOCK TABLE \(table) IN SHARE UPDATE EXCLUSIVE MODE") {
                let first = try await indexes.index(world.tenant, Self.request(wanted: isWantedFirst))
                #expect(first.done != true)
                let end = TestPostgres.deadline()
                let waiting = "SELECT 'x' FROM pg_locks WHERE NOT granted AND relation = '\(table)'::regclass"
                while try await world.rows(waiting).isEmpty { try #require(MonotonicTime.now() < end) }
                let second = try await indexes.index(world.tenant, Self.request(wanted: !isWantedFirst))
                #expect(second.done != true)
            }
            try await Self.ask(Self.request(wanted: !isWantedFirst), world, indexes)
            let there = try await Self.made(world)
            #expect(there == (isWantedFirst ? [] : ["custom_7_idx true"]))
        }
    }

    /// It is told once why, and nothing is left that each write would have to go into.
    @Test func whatCannotBeMadeLeavesNothing() async throws {
        try await Self.run { world, indexes in
            _ = try await world.rows(
                """
                INSERT INTO \(world.schema(.customer)).accounts (id, version, created_at, updated_at, display_name, owner_id, custom)
                VALUES (gen_random_uuid(), 1, now(), now(), 'a', gen_random_uuid(), '{"custom.7": "no number"}') RETURNING ''
                """)
            let refused = try await denial {
                try await Self.ask(Self.request(kind: .wholeNumber), world, indexes)
            }
            #expect(refused.reason == "INDEX_FAILED", "\(refused)")
            let there = try await Self.made(world)
            #expect(there.isEmpty)
        }
    }

    @Test func whatIsNoFieldIsRefused() async throws {
        try await Self.run { world, indexes in
            let wrong = [
                Self.request("account; DROP TABLE x"), Self.request("custom.room"), Self.request("account", own: 3),
                Self.request(kind: .longText), Self.request(kind: .choices), Self.request(kind: .unspecified),
                Self.request(service: "identity"), Self.request(service: "nobody"), Self.request("deal"),
                IndexFieldRequest(service: "customer", object: "account", kind: .text, wanted: true),
            ]
            for request in wrong {
                let refused = try await denial { try await indexes.index(world.tenant, request) }
                #expect(refused.reason == "INDEX_INVALID", "\(request)")
            }
            let stranger = try await denial { try await indexes.index(TenantID(.make()), Self.request()) }
            #expect(stranger.reason == "SCHEMA_UNKNOWN")
            let there = try await Self.made(world)
            #expect(there.isEmpty)
        }
    }
}
