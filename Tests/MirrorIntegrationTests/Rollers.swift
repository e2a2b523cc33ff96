import AccessControl
import Contracts
import CustomerContracts
import RPC
import SalesContracts
import Synchronization
import Tenancy
import TestPostgres
import TestService
import TestSupport
import Testing
import Wire

@testable import Records

/// Customer and Sales of one tenant whose fields roll up records of each other, and the two ways between them, which a test breaks.
final class Rollers: Sendable {
    let customer: TestService
    let sales: TestService
    /// From Customer to Sales, and back.
    let (toSales, toCustomer): (BreakableWay, BreakableWay)

    init(_ world: Neighbours, _ fields: [TenantField]) {
        (customer, sales) = (world.customer, world.sales)
        toSales = BreakableWay(Self.channel(from: .customer, to: sales))
        toCustomer = BreakableWay(Self.channel(from: .sales, to: customer))
        customer.set(fields)
        sales.set(fields)
    }

    static func run(
        _ fields: [TenantField], _ body: @escaping @Sendable (Rollers) async throws -> Void
    ) async throws {
        try await Neighbours.run { world in try await body(Rollers(world, fields)) }
    }

    static func channel(
        from peer: ServiceName, to service: TestService, as caller: Caller? = nil
    ) -> LocalChannel {
        var router = Router()
        RollUpMethods(service.engine).register(on: &router)
        return LocalChannel(
            routes: RouteTable(router), caller: caller ?? Neighbours.caller(service, .service(.exchangeRollUps)),
            peer: .program(peer), logger: service.postgres.logger)
    }

    /// A program of one of the two; there may be several. No time passes for it but that of a clock.
    func program(_ service: TestService, clock: HandClock = HandClock()) -> RollUpExchange {
        let isCustomer = service === customer
        let way = isCustomer ? toSales : toCustomer
        return RollUpExchange(
            service.engine, doing: Account.entry.methods.update,
            RollUpPeers([isCustomer ? .sales : .customer]) { _, _ in
                (RollUpServiceClient(channel: way), CallOptions())
            }, service.postgres.logger, now: { clock.now })
    }

    private func keeper(_ service: TestService) -> ReckoningKeeper {
        ReckoningKeeper(
            service.engine, doing: Account.entry.methods.update, sources: [service === customer ? .sales : .customer],
            service.postgres.logger)
    }

    private var tenant: TenantID { customer.tenant.id }

    @discardableResult
    func exchange(_ service: TestService) async throws -> ReckoningStep {
        try await program(service).step(tenant, timeout: .seconds(60))
    }

    /// A step of the keeper of formulas and roll-ups.
    func keep(_ service: TestService) async throws -> ReckoningStep {
        try await keeper(service).step(tenant, timeout: .seconds(60))
    }

    /// Does all that is to be done in both.
    func settle() async throws {
        for _ in 0..<1000 {
            var hasWorked = false
            for service in [sales, customer] {
                while try await keep(service) == .advanced { hasWorked = true }
                while try await exchange(service) == .advanced { hasWorked = true }
            }
            if !hasWorked { return }
        }
        Issue.record("there is always something to reckon")
    }

    func values(_ account: Account) async throws -> [String: CustomField] {
        let fields = try await customer.get(account, deleted: true).customFields
        return Dictionary(fields.map { ($0.name ?? "", $0) }, uniquingKeysWith: { first, _ in first })
    }

    func account(_ name: String) async throws -> Account {
        let account = try await customer.create(Account(displayName: name))
        if let id = account.id.flatMap({ RecordID($0) }) { sales.foreign.make("account", id) }
        return account
    }

    /// Notes that wait in one of the two.
    func marks(_ service: TestService) async throws -> Int64 {
        try await service.number("SELECT count(*) FROM {schema}.roll_up_marks")
    }
}

/// A way on which something happens to the next calls of a method.
final class BreakableWay: RPCChannel {
    private typealias Event = @Sendable () async throws -> Void
    private let channel: LocalChannel
    private let before = Mutex<[String: Event]>([:])
    private let after = Mutex<[String: Event]>([:])
    private let counts = Mutex<[String: Int]>([:])

    init(_ channel: LocalChannel) { self.channel = channel }

    /// What happens before the next call of a method arrives; what it throws, the caller gets.
    func precede(_ method: MethodDefinition, _ event: @escaping @Sendable () async throws -> Void) {
        before.withLock { $0[method.path] = event }
    }

    /// The same before the answer arrives.
    func interrupt(_ method: MethodDefinition, _ event: @escaping @Sendable () async throws -> Void) {
        after.withLock { $0[method.path] = event }
    }

    func count(_ method: MethodDefinition) -> Int { counts.withLock { $0[method.path] ?? 0 } }

    func unary(
        _ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions
    ) async throws(RPCError) -> [UInt8] {
        counts.withLock { $0[method.path, default: 0] += 1 }
        try await run(before.withLock { $0.removeValue(forKey: method.path) })
        let answer = try await channel.unary(method, request, options)
        try await run(after.withLock { $0.removeValue(forKey: method.path) })
        return answer
    }

    private func run(_ event: Event?) async throws(RPCError) {
        do { try await event?() } catch { throw RPCError(masking: error) }
    }

    func open(_ method: MethodDefinition, _ options: CallOptions) async throws(RPCError) -> any ClientCall {
        try await channel.open(method, options)
    }
}
