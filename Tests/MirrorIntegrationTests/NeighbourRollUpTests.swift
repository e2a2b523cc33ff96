import AccessControl
import Contracts
import CustomerContracts
import Postgres
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

/// Roll-ups over records that another service keeps: deals of an account, activities of a deal.
@Suite struct NeighbourRollUpTests {
    private static func roll(
        _ number: Int64, _ name: String, _ kind: TenantField.Kind, _ function: TenantRollUp.Function,
        _ value: String? = nil, time: String? = nil, filter: String? = nil
    ) -> TenantField {
        TenantField(
            object: "account", number: number, name: name, kind: kind,
            rollUp: TenantRollUp(
                object: "deal", reference: "account_id", function: function, value: value, time: time, filter: filter))
    }

    private static let calls = TenantField(
        object: "deal", number: 20, name: "calls", kind: .wholeNumber,
        rollUp: TenantRollUp(
            object: "activity", reference: "deal_id", function: .count, filter: "kind = ACTIVITY_KIND_CALL"))

    private static let all: [TenantField] = [
        roll(1, "deals", .wholeNumber, .count), roll(2, "worth", .money, .sum, "amount"),
        roll(3, "last", .text, .latest, "display_name", time: "create_time"),
        roll(4, "soonest", .date, .least, "close_date", filter: "custom.size > 3"),
        roll(5, "sizes", .number, .sum, "custom.size"), roll(6, "greatest", .wholeNumber, .most, "custom.size"),
        TenantField(object: "account", number: 7, name: "double", kind: .number, formula: "custom.sizes * 2"),
        TenantField(
            object: "account", number: 8, name: "people", kind: .wholeNumber,
            rollUp: TenantRollUp(object: "account_contact", reference: "account_id", function: .count)),
        TenantField(object: "deal", number: 9, name: "size", kind: .wholeNumber),
        roll(10, "called", .wholeNumber, .sum, "custom.calls"), calls,
    ]

    private static func deal(_ name: String, _ account: Account, _ size: Int64, units: Int64 = 100) -> Deal {
        Deal(
            customFields: [CustomField(name: "size", intValue: size)], displayName: name, accountID: account.id,
            amount: Money(currencyCode: "EUR", minorUnits: units), closeDate: "2027-01-0\(size)")
    }

    @Test func anAccountSaysWhatItsDealsSay() async throws {
        try await Rollers.run(Self.all) { world in
            let (acme, other) = (try await world.account("北京"), try await world.account("b"))
            #expect(try await world.values(acme)["deals"]?.intValue == 0)
            let first = try await world.sales.create(Self.deal("首单", acme, 5))
            let second = try await world.sales.create(Self.deal("second", acme, 2, units: 50))
            try await world.settle()
            var values = try await world.values(acme)
            #expect(values["deals"]?.intValue == 2 && values["people"]?.intValue == 0)
            #expect(values["worth"]?.moneyValue == Money(currencyCode: "EUR", minorUnits: 150))
            #expect(values["last"]?.stringValue == "second" && values["soonest"]?.stringValue == "2027-01-05")
            #expect(values["sizes"]?.doubleValue == 7 && values["double"]?.doubleValue == 14)
            #expect(values["greatest"]?.intValue == 5 && values["called"]?.intValue == 0)
            // An activity of a deal of the account, which goes there and back.
            world.customer.foreign.make("deal", try #require(RecordID(first.id ?? "")))
            let call = try await world.customer.create(Activity(kind: .call, subject: "ring", dealID: first.id))
            try await world.settle()
            #expect(try await world.values(acme)["called"]?.intValue == 1)
            try await world.customer.delete(call)
            // Moved, deleted, restored.
            try await world.sales.update(Deal(id: second.id, accountID: other.id), ["account_id"])
            try await world.settle()
            values = try await world.values(acme)
            #expect(values["deals"]?.intValue == 1 && values["last"]?.stringValue == "首单")
            #expect(values["called"]?.intValue == 0)
            #expect(try await world.values(other)["sizes"]?.doubleValue == 2)
            try await world.sales.delete(first)
            try await world.settle()
            values = try await world.values(acme)
            #expect(values["deals"]?.intValue == 0 && values["worth"] == nil && values["double"] == nil)
            try await world.sales.restore(first)
            try await world.settle()
            #expect(try await world.values(acme)["double"]?.doubleValue == 10)
            // What changes nothing that is rolled up is told to nobody, and nothing is left.
            let told = world.toCustomer.count(RollUpServiceMethods.markRollUps)
            try await world.sales.update(Deal(id: first.id, followUpTime: .now()), ["follow_up_time"])
            try await world.settle()
            #expect(world.toCustomer.count(RollUpServiceMethods.markRollUps) == told)
            #expect(try await world.marks(world.customer) == 0)
            #expect(try await world.marks(world.sales) == 0)
        }
    }

    /// Records that were there before get what is defined after them, and lose what is deleted.
    @Test func whatIsDefinedLaterIsBrought() async throws {
        try await Rollers.run(Self.all.filter { $0.rollUp == nil && $0.formula == nil }) { world in
            var accounts: [Account] = []
            for index in 0..<5 {
                let account = try await world.account("a\(index)")
                for _ in 0..<index { try await world.sales.create(Self.deal("d", account, 4)) }
                accounts.append(account)
            }
            try await world.settle()
            for fields in [Self.all, Self.all.filter { $0.name != "deals" }] {
                world.sales.set(fields)
                world.customer.set(fields)
                try await world.settle()
                for (index, account) in accounts.enumerated() {
                    let values = try await world.values(account)
                    #expect(values["deals"]?.intValue == (fields.count == Self.all.count ? Int64(index) : nil))
                    #expect(values["sizes"]?.doubleValue == (index == 0 ? nil : Double(index * 4)))
                }
            }
        }
    }

    /// Whoever exchanges is woken by what the pass over the records leaves for it, though that changes no record.
    @Test func theExchangeIsWokenForADefinition() async throws {
        let deals = Self.roll(1, "deals", .wholeNumber, .sum, "custom.size")
        let size = TenantField(object: "deal", number: 9, name: "size", kind: .wholeNumber)
        try await Rollers.run([size]) { world in
            _ = try await world.account("a")
            try await world.settle()
            world.customer.set([size, deals])
            let rings = Mutex(0)
            world.customer.engine.changeBell.listen { _ in rings.withLock { $0 += 1 } }
            while try await world.keep(world.customer) == .advanced {}
            #expect(try await world.marks(world.customer) == 1)
            #expect(rings.withLock { $0 } > 0)
        }
    }

    /// The two hear of a definition one after the other: nothing is told by another definition, and nothing is lost.
    @Test func theyHearOfItOneAfterTheOther() async throws {
        let old = Self.all.map { field in
            field.name == "sizes"
                ? Self.roll(5, "sizes", .number, .sum, "custom.size", filter: "custom.size > 4") : field
        }
        try await Rollers.run(old) { world in
            let acme = try await world.account("a")
            for size in 3...6 { try await world.sales.create(Self.deal("d", acme, Int64(size))) }
            try await world.settle()
            #expect(try await world.values(acme)["sizes"]?.doubleValue == 11)
            world.customer.set(Self.all)
            let refused = try await denial { try await world.settle() }
            #expect(refused.reason == "ROLL_UP_UNKNOWN")
            #expect(try await world.values(acme)["sizes"]?.doubleValue == 11)
            world.sales.set(Self.all)
            try await world.settle()
            #expect(try await world.values(acme)["sizes"]?.doubleValue == 18)
        }
    }

    /// Whatever gets lost on the way is told or asked again.
    @Test(arguments: [true, false], [RollUpServiceMethods.markRollUps, RollUpServiceMethods.reckonRollUps])
    func whatGetsLostIsDoneAgain(before: Bool, method: MethodDefinition) async throws {
        try await Rollers.run(Self.all) { world in
            let acme = try await world.account("a")
            try await world.sales.create(Self.deal("d", acme, 4))
            let lostCount = Mutex(0)
            for way in [world.toSales, world.toCustomer] {
                let lost: @Sendable () async throws -> Void = {
                    lostCount.withLock { $0 += 1 }
                    throw RPCError.unavailable("LOST", "lost")
                }
                if before { way.precede(method, lost) } else { way.interrupt(method, lost) }
            }
            for _ in 0..<3 { try await ignoringRefusals { try await world.settle() } }
            #expect(lostCount.withLock { $0 } > 0)
            try await world.settle()
            #expect(try await world.values(acme)["sizes"]?.doubleValue == 4)
            #expect(try await world.marks(world.customer) == 0)
        }
    }

    /// A deal is written while its account's service waits for the answer, and while it stores it.
    @Test func whatIsWrittenMeanwhileCounts() async throws {
        try await Rollers.run(Self.all) { world in
            let acme = try await world.account("a")
            try await world.sales.create(Self.deal("d", acme, 4))
            world.toSales.interrupt(RollUpServiceMethods.reckonRollUps) {
                try await world.sales.create(Self.deal("e", acme, 5))
                try await world.exchange(world.sales)
            }
            try await world.settle()
            #expect(try await world.values(acme)["sizes"]?.doubleValue == 9)
        }
    }

    /// Who asked earlier and was overtaken stores nothing.
    @Test func nothingOfBeforeIsStoredLater() async throws {
        try await Rollers.run(Self.all) { world in
            let acme = try await world.account("a")
            try await world.settle()
            try await world.sales.create(Self.deal("d", acme, 4))
            try await world.exchange(world.sales)
            world.toSales.interrupt(RollUpServiceMethods.reckonRollUps) {
                // Its lease is over, and another program asks.
                try await world.customer.sql(
                    "UPDATE {schema}.formula_shapes SET asked_until = now() - interval '1 second' WHERE object = 'account'"
                )
                try await world.sales.create(Self.deal("e", acme, 5))
                try await world.settle()
            }
            // It was asked, and stored nothing.
            #expect(try await world.exchange(world.customer) == .held)
            #expect(try await world.values(acme)["sizes"]?.doubleValue == 9)
            #expect(try await world.marks(world.customer) == 0)
        }
    }

    /// A definition that comes while one asks has it asked again, at once.
    @Test func anotherDefinitionMeanwhileHoldsNothingUp() async throws {
        try await Rollers.run(Self.all) { world in
            let acme = try await world.account("a")
            try await world.settle()
            try await world.sales.create(Self.deal("d", acme, 4))
            try await world.exchange(world.sales)
            let fields = Self.all.filter { $0.name != "worth" }
            world.toSales.interrupt(RollUpServiceMethods.reckonRollUps) {
                world.customer.set(fields)
                world.sales.set(fields)
            }
            #expect(try await world.exchange(world.customer) == .held)
            try await world.settle()
            #expect(try await world.values(acme)["sizes"]?.doubleValue == 4)
        }
    }

    /// Where nothing is rolled up any more no notes are left; a question that takes too long is asked of fewer.
    @Test func nothingIsLeftLying() async throws {
        try await Rollers.run(Self.all) { world in
            let late: @Sendable () async throws -> Void = {
                throw RPCError(.deadlineExceeded, reason: "DEADLINE_EXCEEDED", "late")
            }
            var accounts: [Account] = []
            for index in 0..<3 { accounts.append(try await world.account("\(index)")) }
            try await world.settle()
            for account in accounts { try await world.sales.create(Self.deal("d", account, 4)) }
            try await world.exchange(world.sales)
            let clock = HandClock()
            let program = world.program(world.customer, clock: clock)
            for _ in 0..<9 {
                world.toSales.precede(RollUpServiceMethods.reckonRollUps, late)
                _ = try await denial { try await program.step(world.customer.tenant.id, timeout: .seconds(9)) }
                clock.pass(.seconds(60))
            }
            #expect(try await program.step(world.customer.tenant.id, timeout: .seconds(9)) == .advanced)
            #expect(try await world.marks(world.customer) == 2)
            let fields = Self.all.filter { $0.rollUp?.object != "deal" }
            world.customer.set(fields)
            world.sales.set(fields)
            try await world.settle()
            #expect(try await world.marks(world.customer) == 0)
        }
    }

    /// While one asks, no other does.
    @Test func oneAsksAtATime() async throws {
        try await Rollers.run(Self.all) { world in
            let acme = try await world.account("a")
            try await world.settle()
            try await world.sales.create(Self.deal("d", acme, 4))
            try await world.exchange(world.sales)
            let others = Mutex<[ReckoningStep]>([])
            world.toSales.interrupt(RollUpServiceMethods.reckonRollUps) {
                let did = try await world.exchange(world.customer)
                others.withLock { $0.append(did) }
            }
            #expect(try await world.exchange(world.customer) == .advanced)
            #expect(others.withLock { $0 } == [.held])
            #expect(try await world.values(acme)["sizes"]?.doubleValue == 4)
        }
    }

    /// More than one page of records, each with a text as long as its field may hold.
    @Test func longTextsComeInPages() async throws {
        let texts = (1...20).map { number in
            TenantField(
                object: "account", number: Int64(number), name: "t\(number)", kind: .text, lengthMax: 1_000,
                rollUp: TenantRollUp(
                    object: "deal", reference: "account_id", function: .latest, value: "custom.long",
                    time: "create_time"))
        }
        let long = TenantField(object: "deal", number: 50, name: "long", kind: .longText)
        try await Rollers.run(texts.filter { $0.number <= 8 } + [long]) { world in
            let text = String(repeating: "𠀀", count: 1_000)
            var accounts: [Account] = []
            for index in 0..<80 {
                let account = try await world.account("a\(index)")
                try await world.sales.create(
                    Deal(
                        customFields: [CustomField(name: "long", stringValue: text)], displayName: "d",
                        accountID: account.id))
                accounts.append(account)
            }
            try await world.settle()
            for account in accounts { #expect(try await world.values(account)["t8"]?.stringValue == text) }
        }
    }

    // MARK: Attacks

    @Test func onlyServicesOfRecordsExchange() async throws {
        try await Rollers.run(Self.all) { world in
            let sales = world.sales
            let own = Neighbours.caller(sales, .service(.exchangeRollUps))
            let callers: [(Caller, ServiceName)] = [
                (Neighbours.caller(sales, .user), .customer), (Neighbours.caller(sales, .user), .gateway),
                (Neighbours.caller(sales, .service(.mirrorRecords)), .customer),
                (Neighbours.caller(sales, .service(.reckonRollUps)), .customer),
                (
                    Caller(
                        kind: .program(.exchangeRollUps), tenantID: sales.tenant.id, userID: sales.admin,
                        sessionID: nil, policyEpoch: 1, expireTime: .now().advanced(by: .seconds(60)), workspace: ""),
                    .customer
                ),
                (own, .sales), (own, .gateway), (own, .identity),
            ]
            for (caller, peer) in callers {
                let client = RollUpServiceClient(channel: Rollers.channel(from: peer, to: sales, as: caller))
                for error in [
                    try await denial { try await client.markRollUps(MarkRollUpsRequest(object: "deal")) },
                    try await denial { try await client.reckonRollUps(ReckonRollUpsRequest(object: "account")) },
                ] { #expect(error.reason == "ROLL_UPS_FORBIDDEN", "\(peer): \(error)") }
            }
        }
    }

    @Test func badRequestsAreRefused() async throws {
        try await Rollers.run(Self.all) { world in
            let client = RollUpServiceClient(channel: Rollers.channel(from: .customer, to: world.sales))
            let id = RecordID.make().bytes
            let marks: [(MarkRollUpsRequest, String)] = [
                (MarkRollUpsRequest(object: "deal", recordIDs: [Array(id.dropLast())]), "INVALID_ID"),
                (MarkRollUpsRequest(object: "deal", recordIDs: Array(repeating: id, count: 401)), "BATCH_SIZE_INVALID"),
                (MarkRollUpsRequest(object: "account", recordIDs: [id]), "OBJECT_UNKNOWN"),
                (MarkRollUpsRequest(recordIDs: [id]), "OBJECT_UNKNOWN"),
            ]
            for (request, reason) in marks {
                let refused = try await denial { try await client.markRollUps(request) }
                #expect(refused.reason == reason)
            }
            let asked = AskedRollUp(number: 1, definition: 7)
            let questions: [(ReckonRollUpsRequest, String)] = [
                (ReckonRollUpsRequest(object: "account", rollUps: [asked], recordIDs: [id]), "ROLL_UP_UNKNOWN"),
                (ReckonRollUpsRequest(object: "no", rollUps: [asked], recordIDs: [id]), "ROLL_UP_UNKNOWN"),
                (ReckonRollUpsRequest(rollUps: Array(repeating: asked, count: 21)), "BATCH_SIZE_INVALID"),
                (ReckonRollUpsRequest(recordIDs: [[]]), "INVALID_ID"),
            ]
            for (request, reason) in questions {
                let refused = try await denial { try await client.reckonRollUps(request) }
                #expect(refused.reason == reason)
            }
            #expect(try await world.marks(world.sales) == 0)
        }
    }

    /// Who may not read deals, or one of the fields of them that are rolled up, sees nothing of it.
    @Test func whatComesOfHiddenDealsIsHidden() async throws {
        try await Rollers.run(Self.all) { world in
            let acme = try await world.account("a")
            try await world.sales.create(Self.deal("d", acme, 4))
            try await world.settle()
            let blind = world.customer.makeUser([("account", "read", .all)])
            let seen = try await world.customer.get(acme, as: blind).customFields.compactMap(\.name)
            #expect(!seen.contains("deals") && !seen.contains("sizes") && !seen.contains("double"))
            let refused = try await denial {
                try await world.customer.list(Account.self, "custom.deals > 0", as: blind)
            }
            #expect(refused.reason == "FIELD_NOT_READABLE")
        }
    }

    /// After whatever was done with deals, each account says what a naive recount says, with calls lost all the while.
    @Test(arguments: [1, 2, 3])
    func itIsWhatARecountSays(seed: UInt64) async throws {
        try await Rollers.run(Self.all) { world in
            var random = SeededGenerator(seed: seed)
            var accounts: [Account] = []
            for index in 0..<6 { accounts.append(try await world.account("a\(index)")) }
            var deals: [Deal] = []
            for _ in 0..<150 {
                let account = accounts.randomElement(using: &random)
                let deal = deals.randomElement(using: &random)
                switch (Int.random(in: 0..<10, using: &random), deal) {
                case (0..<4, _), (_, nil):
                    guard let account else { continue }
                    let size = Int64.random(in: 1...9, using: &random)
                    deals.append(try await world.sales.create(Self.deal("d\(deals.count)", account, size)))
                case (4..<6, let deal?):
                    try await ignoringRefusals {
                        try await world.sales.update(Deal(id: deal.id, accountID: account?.id), ["account_id"])
                    }
                case (6, let deal?): try await ignoringRefusals { try await world.sales.delete(deal) }
                case (7, let deal?): try await ignoringRefusals { try await world.sales.restore(deal) }
                default:
                    for way in [world.toSales, world.toCustomer] where Bool.random(using: &random) {
                        let lost: @Sendable () async throws -> Void = { throw RPCError.unavailable("LOST", "lost") }
                        if Bool.random(using: &random) {
                            way.precede(RollUpServiceMethods.markRollUps, lost)
                        } else {
                            way.interrupt(RollUpServiceMethods.reckonRollUps, lost)
                        }
                    }
                    try await ignoringRefusals { try await world.settle() }
                }
            }
            for _ in 0..<3 { try await ignoringRefusals { try await world.settle() } }
            try await world.settle()
            for account in accounts {
                let living = try await world.sales.list(Deal.self, "account_id = \"\(account.id ?? "")\"")
                let sizes = living.flatMap(\.customFields).filter { $0.name == "size" }.compactMap(\.intValue)
                let values = try await world.values(account)
                #expect(values["deals"]?.intValue == Int64(living.count))
                #expect(values["sizes"]?.doubleValue == (sizes.isEmpty ? nil : Double(sizes.reduce(0, +))))
                #expect(values["greatest"]?.intValue == sizes.max())
            }
        }
    }

    private func ignoringRefusals<Value>(_ body: () async throws -> Value) async throws {
        do { _ = try await body() } catch is RPCError {}
    }
}
