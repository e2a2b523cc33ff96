import AccessControl
import Contracts
import CoreMetrics
import CustomerContracts
import CustomerService
import Migrations
import Observability
import Postgres
import RPC
import SalesContracts
import SalesService
import ServiceHost
import Synchronization
import Tenancy
import TenantDatabase
import TestPostgres
import TestService
import Testing
import Wire

@testable import Records

/// Customer and Sales in one tenant, and the way from one to the other, which a test breaks.
final class Neighbours: Sendable {
    let customer: TestService
    let sales: TestService
    let way: Way
    let push: MirrorPush
    /// What the pushes of this world count.
    let metrics = PrometheusRegistry()

    static func run(_ body: @escaping @Sendable (Neighbours) async throws -> Void) async throws {
        try await TestService.run(CustomerService.definition) { customer in
            let (postgres, tenant) = (customer.postgres, customer.tenant)
            let databases = postgres.databases(.sales)
            _ = try await postgres.provisioner.prepare(tenant.id, stream: SalesMigrations.stream, partition: 0)
            do {
                try await body(
                    Neighbours(customer, TestService(SalesService.definition, postgres, tenant, databases)))
            } catch {
                try? await postgres.provisioner.drop(tenant.id, stream: SalesMigrations.stream)
                throw error
            }
            try await postgres.provisioner.drop(tenant.id, stream: SalesMigrations.stream)
            await databases.close(deadline: 0)
        }
    }

    private init(_ customer: TestService, _ sales: TestService) throws {
        (self.customer, self.sales) = (customer, sales)
        let way = Way(Neighbours.channel(to: sales, as: Neighbours.caller(sales)))
        self.way = way
        push = try Neighbours.push(customer, way, metrics)
    }

    /// Another instance of the program that tells.
    func makePush() throws -> MirrorPush { try Neighbours.push(customer, way, metrics) }

    private static func push(
        _ customer: TestService, _ way: Way, _ metrics: any MetricsFactory
    ) throws -> MirrorPush {
        let feed = try #require(CustomerService.definition.mirrorFeeds.first)
        return MirrorPush(
            feed, customer.engine, meter: FeedMeter(metrics), records: MirrorMeter(metrics)
        ) { _, _ in (MirrorServiceClient(channel: way), CallOptions()) }
    }

    static func caller(
        _ sales: TestService, _ kind: Caller.Kind = .service(.mirrorRecords), tenant: TenantID? = nil
    ) -> Caller {
        Caller(
            kind: kind, tenantID: tenant ?? sales.tenant.id, userID: kind == .user ? sales.admin : .nobody,
            sessionID: kind == .user ? .make() : nil, policyEpoch: 1,
            expireTime: .now().advanced(by: .seconds(60)), workspace: "")
    }

    static func channel(
        to sales: TestService, as caller: Caller?, peer: Peer = .program(.customer)
    ) -> LocalChannel {
        var router = Router()
        MirrorMethods(sales.engine).register(on: &router)
        return LocalChannel(routes: RouteTable(router), caller: caller, peer: peer, logger: sales.postgres.logger)
    }

    var tenant: TenantID { customer.tenant.id }

    @discardableResult
    func step(_ push: MirrorPush? = nil) async throws -> MirrorPush.Step {
        try await (push ?? self.push).step(tenant, deadline: .after(.seconds(10)))
    }

    /// The value of a metric of the mirror; nil while nothing was said of it.
    func metric(_ name: String) -> Double? {
        let series = "steward_\(name){consumer=\"\(push.feed.name)\"} "
        let line = metrics.exposition().split(separator: "\n").first { $0.hasPrefix(series) }
        return line.flatMap { Double($0.dropFirst(series.count)) }
    }

    /// Tells all that there is to tell.
    func settle(_ push: MirrorPush? = nil) async throws {
        for _ in 0..<1000 where try await step(push) == .idle { return }
        Issue.record("there is always something to tell")
    }

    /// Compares all, as the job does.
    func compare() async throws -> (equal: Int, healed: Int) {
        var (last, equal, healed) = (RecordID?.none, 0, 0)
        for _ in 0..<1000 {
            let page = try await push.compare(tenant, after: last, deadline: .after(.seconds(10)))
            guard let page else { continue }
            (equal, healed) = (equal + page.equalCount, healed + page.healedCount)
            guard let next = page.next else { return (equal, healed) }
            last = next
        }
        Issue.record("the comparison has no end")
        return (equal, healed)
    }

    private static let columns =
        "id, version, created_at, updated_at, deleted_at, owner_id, department_id, display_name, industry, region, country_code"

    /// The accounts as each of the two has them, in the order of their ids.
    func expectEqual(location: SourceLocation = #_sourceLocation) async throws {
        func rows(_ service: TestService, _ table: String) async throws -> [String] {
            try await service.sql("SELECT ROW(\(Self.columns))::text FROM {schema}.\(table) ORDER BY id")
                .map { try $0.string(0) }
        }
        let (accounts, mirrored) = (
            try await rows(customer, "accounts"), try await rows(sales, "account_mirror")
        )
        let (lacking, superfluous) = (Set(accounts).subtracting(mirrored), Set(mirrored).subtracting(accounts))
        #expect(lacking.isEmpty && superfluous.isEmpty, sourceLocation: location)
    }

    /// Names of the mirrored accounts that are not deleted.
    func mirrored() async throws -> [String] {
        try await sales.sql(
            "SELECT coalesce(display_name, '?') FROM {schema}.account_mirror WHERE deleted_at IS NULL ORDER BY 1"
        ).map { try $0.string(0) }
    }
}

/// A way to another service on which calls get lost.
final class Way: RPCChannel {
    enum Fault: Sendable {
        /// The call does not arrive.
        case before
        /// The answer does not arrive.
        case after
        /// The call is stuck: it seems lost, and can be let go later.
        case stuck
    }

    private let way: BreakableWay
    private let faults = Mutex<[Fault]>([])
    private let stuck = Mutex<[(MethodDefinition, [UInt8])]>([])
    /// Requests that were sent.
    private let sent = Mutex<[ApplyMirrorRequest]>([])

    var sentCount: Int { sent.withLock { $0.count } }
    var lastSent: ApplyMirrorRequest? { sent.withLock { $0.last } }

    init(_ channel: LocalChannel) { way = BreakableWay(channel) }

    /// Fields that the other service, an older one, does not want.
    private let unwanted = Mutex<Set<String>>([])

    func want(allBut fields: Set<String>) { unwanted.withLock { $0 = fields } }

    /// Runs before the next telling arrives there.
    func precede(_ body: @escaping @Sendable () async throws -> Void) {
        way.precede(MirrorServiceMethods.applyMirror, body)
    }

    /// Runs when the next telling was done there, before its answer arrives.
    func interrupt(_ body: @escaping @Sendable () async throws -> Void) {
        way.interrupt(MirrorServiceMethods.applyMirror, body)
    }

    /// What becomes of the next calls that tell something.
    func next(_ faults: Fault...) { self.faults.withLock { $0 += faults } }

    /// Lets those arrive that were stuck. Gives what became of them.
    func release() async -> [RPCError?] {
        var errors: [RPCError?] = []
        for (method, request) in stuck.withLock({ stuck in
            defer { stuck = [] }
            return stuck
        }) {
            do {
                _ = try await way.unary(method, request, CallOptions())
                errors.append(nil)
            } catch {
                errors.append(error)
            }
        }
        return errors
    }

    func unary(
        _ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions
    ) async throws(RPCError) -> [UInt8] {
        let isTelling = method == MirrorServiceMethods.applyMirror
        if isTelling, let told = try? ApplyMirrorRequest(decoding: request) { sent.withLock { $0.append(told) } }
        let fault = isTelling ? faults.withLock { $0.isEmpty ? nil : $0.removeFirst() } : nil
        let lost = RPCError.unavailable("LOST", "lost")
        switch fault {
        case .before: throw lost
        case .stuck:
            stuck.withLock { $0.append((method, request)) }
            throw lost
        case .after:
            _ = try await way.unary(method, request, options)
            throw lost
        case nil: return try await answer(method, request, options)
        }
    }

    private func answer(
        _ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions
    ) async throws(RPCError) -> [UInt8] {
        let answer = try await way.unary(method, request, options)
        do {
            let unwanted = unwanted.withLock { $0 }
            guard method == MirrorServiceMethods.applyMirror else {
                var opened = try OpenMirrorResponse(decoding: answer)
                opened.fields.removeAll(where: unwanted.contains)
                return opened.encoded()
            }
            var applied = try ApplyMirrorResponse(decoding: answer)
            applied.fields.removeAll(where: unwanted.contains)
            return applied.encoded()
        } catch {
            throw RPCError(masking: error)
        }
    }

    func open(_ method: MethodDefinition, _ options: CallOptions) async throws(RPCError) -> any ClientCall {
        try await way.open(method, options)
    }
}
