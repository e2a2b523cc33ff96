import AccessControl
import RPC
import Records
import SalesContracts
import ServiceHost
import Synchronization
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import SalesService

/// What the engine does with records that rules and custom methods write.
@Suite struct RuleTests {
    /// What holds for a deal holds when a method writes it past the move.
    @Test func aMethodCannotLoseADealWithoutAReason() async throws {
        try await TestService.run(CarelessSales.definition) { sales in
            let deal = try await sales.create(Deal(displayName: "Desk"))
            let lost = try await sales.stage("Lost")
            let unexplained = try await refusal { try await sales.carelessly("stage_id=\(lost.id ?? "")", deal) }
            #expect(unexplained?.reason == "REQUIRED")
            let open = try await refusal { try await sales.carelessly("outcome_reason=late", deal) }
            #expect(open?.reason == "NOT_APPLICABLE")
            let other = try await sales.stage("Proposal")
            let moved = try await sales.carelessly("stage_id=\(other.id ?? "")", deal)
            #expect(moved?.version == 2)
            // The move is in the history though the method did not write it there.
            #expect(try await sales.history(deal).first?.toStageID == other.id)
        }
    }

    /// References and texts are checked, and the names of people, whoever writes.
    @Test func aMethodWritesNothingThatDoesNotExist() async throws {
        try await TestService.run(CarelessSales.definition) { sales in
            let deal = try await sales.create(Deal(displayName: "Desk"))
            let nobody = RecordID.make().text
            for (field, reason) in [
                ("account_id=\(nobody)", "REFERENCE_NOT_FOUND"), ("owner_id=\(nobody)", "REFERENCE_NOT_FOUND"),
                ("stage_id=\(nobody)", "REFERENCE_NOT_FOUND"), ("display_name= ", "REQUIRED"),
                ("display_name=a\u{7}b", "FORBIDDEN_CHARACTER"),
            ] {
                let refused = try await refusal { try await sales.carelessly(field, deal) }
                #expect(refused?.reason == reason, "\(field)")
            }
        }
    }

    /// Somebody who may change their own deals cannot have a method give them away.
    @Test func aMethodGivesNoRecordBeyondTheCallersScope() async throws {
        try await TestService.run(CarelessSales.definition) { sales in
            let rep = sales.makeUser([
                ("deal", "create", .own), ("deal", "read", .own), ("deal", "update", .own), ("stage", "read", .all),
                ("pipeline", "read", .all),
            ])
            let deal = try await sales.create(Deal(displayName: "Mine"), as: rep)
            let given = try await refusal { try await sales.carelessly("owner_id=\(sales.admin)", deal, as: rep) }
            #expect(given?.code == .permissionDenied)
            #expect(try await sales.carelessly("description=Oak", deal, as: rep)?.description == "Oak")
        }
    }

    /// What holds for a deal holds when a program moves it for the workspace; the history has the move, and no user.
    @Test func aProgramMovesADealByTheRules() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let deal = try await sales.create(Deal(displayName: "Desk"))
            let purpose = Purpose("move", needs: "deal.read", "deal.update", "stage.read", "pipeline.read")
            func move(to stage: Stage) async throws -> RPCError? {
                try await refusal {
                    try await sales.engine.transaction(
                        as: TenantActor(sales.tenant.id, purpose: purpose, onBehalfOf: nil),
                        doing: DealServiceMethods.moveDealStage, deadline: .after(.seconds(20)),
                        logger: sales.postgres.logger
                    ) { transaction in
                        let loaded = try await transaction.load(DealRecord.type, id: deal.id, for: .update)
                        try await transaction.update(loaded, by: .program) { $0.set("stage_id", stage.id ?? "") }
                    }
                }
            }
            let unexplained = try await move(to: sales.stage("Lost"))
            #expect(unexplained?.reason == "REQUIRED")
            let proposal = try await sales.stage("Proposal")
            #expect(try await move(to: proposal) == nil)
            let last = try await sales.history(deal).first
            #expect(last?.toStageID == proposal.id && last?.userID == nil)
        }
    }

    /// A text is compared as it is stored.
    @Test func aBlankAtTheEndOfATextIsNoChange() async throws {
        try await TestService.run(CarelessSales.definition) { sales in
            let deal = try await sales.create(Deal(displayName: "Desk", description: "Oak"))
            func ledger() async throws -> Int64 {
                try await sales.number("SELECT count(*) FROM {schema}.ledger WHERE object = 'deal'")
            }
            for text in ["Oak", "Oak ", " Oak\n", "Oak\u{3000}\u{200B}"] {
                let same = try await sales.carelessly("description=\(text)", deal)
                #expect(same?.version == 1 && same?.description == "Oak" && same?.updateTime == deal.updateTime)
            }
            #expect(try await ledger() == 1)
            let other = try await sales.carelessly("description=Ash ", deal)
            #expect(other?.version == 2 && other?.description == "Ash")
            #expect(try await ledger() == 2)
        }
    }

    /// The same through a method of the service: no history either.
    @Test func aMoveWithTheSameReasonIsNoChange() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let lost = try await sales.stage("Lost")
            let deal = try await sales.create(Deal(displayName: "Desk", stageID: lost.id, outcomeReason: "too dear"))
            let same = try await sales.move(deal, to: lost, reason: "too dear ")
            #expect(same.version == 1 && same.outcomeReason == "too dear")
            #expect(try await sales.history(deal).count == 1)
            #expect(try await sales.number("SELECT count(*) FROM {schema}.ledger WHERE object = 'deal'") == 1)
        }
    }

    /// The changes that were published.
    private static let committed = Mutex<[String]>([])

    @Sendable private static func note(_ change: RecordChange) async {
        let line = "\(change.kind) \(change.type.object)"
        committed.withLock { $0.append(line) }
    }

    private static let stage = RecordType(
        Stage.self,
        fields: [.field("display_name", .required, .line(100))], rules: RecordRules(publish: RuleTests.note))

    /// A pipeline whose stage is made, deleted and restored by a rule.
    private static let pipeline = RecordType(
        Pipeline.self,
        fields: [
            .field("display_name", .required, .line(100), .unique("pipelines_display_name_key", ignoringCase: true)),
            .field("description", .lines(1000)),
        ],
        rules: RecordRules(follow: RuleTests.takeStages, publish: RuleTests.note))

    @Sendable private static func takeStages(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        if change.kind == .create { return try await makeStage(change, transaction) }
        let stages = try await transaction.parts(
            stage, of: change.recordID, by: "pipeline_id", deletedAt: change.before?.time("delete_time"))
        for stage in stages {
            _ = try await change.kind == .delete ? transaction.delete(stage) : transaction.restore(stage)
        }
    }

    private static func makeStage(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        try await transaction.insert(
            stage,
            Stage(
                pipelineID: change.recordID.text, displayName: "Open", position: 1, probabilityPercent: 1,
                category: .open), by: .program)
    }

    private static let ruleService = ServiceDefinition(
        SalesMigrations.stream,
        records: [RuleTests.pipeline, RuleTests.stage])

    @Test func everyChangeOfATransactionIsToldAfterwards() async throws {
        try await TestService.run(Self.ruleService) { service in
            func told() -> [String] {
                Self.committed.withLock { lines in
                    let told = lines.sorted()
                    lines = []
                    return told
                }
            }
            let pipeline = try await service.create(Pipeline(displayName: "One"))
            #expect(told() == ["create pipeline", "create stage"])
            try await service.delete(pipeline)
            #expect(told() == ["delete pipeline", "delete stage"])
            try await service.restore(pipeline)
            #expect(told() == ["restore pipeline", "restore stage"])
            // The one that is refused is not told of.
            try await service.batchCreate([
                Pipeline(displayName: "Two"), Pipeline(displayName: "one"), Pipeline(displayName: "Three"),
            ])
            #expect(told() == ["create pipeline", "create pipeline", "create stage", "create stage"])
        }
    }
}
