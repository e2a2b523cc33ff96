import AccessControl
import Contracts
import RPC
import SalesContracts
import SalesService
import Tenancy
import TestService
import Testing

/// The board shows, counts and sums what the caller may read.
@Suite struct BoardTests {
    private func deal(_ name: String, _ units: Int64, close: String? = nil) -> Deal {
        Deal(displayName: name, amount: Money(currencyCode: "EUR", minorUnits: units), closeDate: close)
    }

    @Test func sumsAreExactHoweverLarge() async throws {
        try await TestService.run(SalesService.definition) { sales in
            for name in ["a", "b", "c"] { try await sales.create(deal(name, Int64.max)) }
            try await sales.create(Deal(displayName: "d", amount: Money(currencyCode: "USD", minorUnits: 3)))
            try await sales.create(Deal(displayName: "e"))
            let column = try #require(try await sales.deals().getBoard(GetBoardRequest()).columns.first)
            #expect(column.dealCount == 5)
            #expect(
                column.sums == [
                    MoneySum(currencyCode: "EUR", largeMinorUnits: "27670116110564327421"),
                    MoneySum(currencyCode: "USD", minorUnits: 3),
                ])
            // 20 % of it, rounded half up: 5534023222112865484.2 fits again, 0.6 is 1.
            #expect(
                column.weightedSums == [
                    MoneySum(currencyCode: "EUR", minorUnits: 5_534_023_222_112_865_484),
                    MoneySum(currencyCode: "USD", minorUnits: 1),
                ])
        }
    }

    @Test func whatEnteredAStageLastIsSeenFirst() async throws {
        try await TestService.run(SalesService.definition) { sales in
            for day in 1...6 { try await sales.create(deal("old \(day)", 1, close: "2020-01-0\(day)")) }
            let made = try await sales.create(Deal(displayName: "just made"))
            func first(_ stage: Int) async throws -> BoardColumn {
                try await sales.deals().getBoard(GetBoardRequest(dealsPerStage: 3)).columns[stage]
            }
            let qualified = try await first(0)
            #expect(qualified.deals.map(\.displayName) == ["just made", "old 6", "old 5"])
            #expect(qualified.dealCount == 7)
            let proposal = try await sales.stage("Proposal")
            for moved in [made, try #require(qualified.deals.last)] { try await sales.move(moved, to: proposal) }
            #expect(try await first(1).deals.map(\.displayName) == ["old 5", "just made"])
        }
    }

    @Test func filtersHoldForCountsSumsAndDeals() async throws {
        try await TestService.run(SalesService.definition) { sales in
            for units: Int64 in [10, 100, 1000] { try await sales.create(deal("Deal of \(units)", units)) }
            let board = try await sales.deals().getBoard(
                GetBoardRequest(filterExpression: "amount.minor_units > 50", dealsPerStage: 0))
            #expect(board.columns[0].dealCount == 2 && board.columns[0].deals.isEmpty)
            #expect(board.columns[0].sums == [MoneySum(currencyCode: "EUR", minorUnits: 1100)])
            #expect(board.columns.count == 5 && board.columns.dropFirst().allSatisfy { $0.dealCount == 0 })
        }
    }

    @Test func theBoardNeedsTheRightToReadWhatItShows() async throws {
        try await TestService.run(SalesService.definition) { sales in
            try await sales.create(deal("Desk", 100))
            let all: [(object: String, action: String, scope: Scope)] = [
                ("deal", "read", .all), ("stage", "read", .all), ("pipeline", "read", .all),
            ]
            for missing in all {
                let user = sales.makeUser(all.filter { $0.object != missing.object })
                // Refused before the request is looked at.
                let error = try await refusal {
                    try await sales.deals(as: user).getBoard(
                        GetBoardRequest(pipelineID: "x", filterExpression: "((", dealsPerStage: -1))
                }
                #expect(error?.code == .permissionDenied && error?.reason == "PERMISSION_MISSING")
                #expect(error?.details.map(\.value) == ["\(missing.object).read"])
            }
            let reader = sales.makeUser(all)
            #expect(try await sales.deals(as: reader).getBoard(GetBoardRequest()).columns[0].dealCount == 1)
        }
    }

    @Test func hiddenFieldsAreInNothingThatIsMadeOfThem() async throws {
        try await TestService.run(SalesService.definition) { sales in
            try await sales.create(deal("Desk", 100, close: "2027-01-31"))
            let pipeline = try await sales.defaultPipeline()
            func board(_ object: String, _ field: String, _ level: FieldLevel) async throws -> GetBoardResponse {
                try await sales.deals(as: sales.clerk(hiding: (object, field, level))).getBoard(
                    GetBoardRequest(pipelineID: pipeline.id))
            }
            for level in [FieldLevel.none, .masked] {
                let names = try await board("stage", "display_name", level).columns.map(\.displayName)
                #expect(names == Array(repeating: level == .none ? nil : "•••", count: 5))
                #expect(try await board("stage", "category", level).columns.allSatisfy { $0.category == nil })
                let unlikely = try await board("stage", "probability_percent", level).columns[0]
                #expect(unlikely.weightedSums.isEmpty && unlikely.sums.count == 1)
                let unplaced = try await board("stage", "position", level).columns.compactMap(\.stageID)
                #expect(unplaced == unplaced.sorted())
                let unnamed = try await board("pipeline", "display_name", level)
                #expect(unnamed.displayName == (level == .none ? nil : "•••"))
                let worthless = try await board("deal", "amount", level).columns[0]
                #expect(worthless.sums.isEmpty && worthless.weightedSums.isEmpty)
                #expect(worthless.deals.map(\.amount) == [nil] && worthless.dealCount == 1)
                for (object, field) in [
                    ("deal", "stage_id"), ("deal", "pipeline_id"), ("stage", "pipeline_id"),
                ] {
                    let error = try await refusal { try await board(object, field, level) }
                    #expect(error?.reason == "FIELD_NOT_READABLE", "\(object).\(field)")
                }
                // Which pipeline comes without being named is the default one.
                let clerk = sales.clerk(hiding: ("pipeline", "default_pipeline", level))
                let unnamedPipeline = try await refusal { try await sales.deals(as: clerk).getBoard(GetBoardRequest()) }
                #expect(unnamedPipeline?.reason == "FIELD_NOT_READABLE")
            }
        }
    }

    /// The order of the deals would tell the time that they entered the stage.
    @Test func theOrderTellsNoHiddenTime() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let qualified = try await sales.stage("Qualified")
            let proposal = try await sales.stage("Proposal")
            let first = try await sales.create(Deal(displayName: "first"))
            try await sales.create(Deal(displayName: "second"))
            try await sales.move(first, to: proposal)
            try await sales.move(first, to: qualified)
            func names(_ user: UserID) async throws -> [String?] {
                try await sales.deals(as: user).getBoard(GetBoardRequest()).columns[0].deals.map(\.displayName)
            }
            #expect(try await names(sales.clerk()) == ["first", "second"])
            let clerk = sales.clerk(hiding: ("deal", "stage_enter_time", .none))
            #expect(try await names(clerk) == ["second", "first"])
        }
    }

    @Test func theHistoryShowsWhatTheDealMayShow() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let lost = try await sales.stage("Lost")
            let deal = try await sales.create(Deal(displayName: "Desk"))
            try await sales.move(deal, to: lost, reason: "too dear")
            let whole = try await sales.history(deal, as: sales.clerk())
            #expect(whole.allSatisfy { $0.changeTime != nil && $0.userID == sales.admin.id.text })
            #expect(whole.map(\.outcomeReason) == ["too dear", nil] && whole[0].secondsInStage != nil)
            for level in [FieldLevel.none, .masked] {
                for field in ["stage_enter_time", "create_time", "update_time"] {
                    let timeless = try await sales.history(deal, as: sales.clerk(hiding: ("deal", field, level)))
                    #expect(timeless.allSatisfy { $0.changeTime == nil && $0.secondsInStage == nil }, "\(field)")
                    #expect(timeless.map(\.toStageID) == whole.map(\.toStageID))
                }
                let nameless = try await sales.history(deal, as: sales.clerk(hiding: ("deal", "owner_id", level)))
                #expect(nameless.allSatisfy { $0.userID == nil && $0.changeTime != nil })
                let unexplained = try await sales.history(
                    deal, as: sales.clerk(hiding: ("deal", "outcome_reason", level)))
                #expect(unexplained.allSatisfy { $0.outcomeReason == nil })
                let hidden = try await refusal {
                    try await sales.history(deal, as: sales.clerk(hiding: ("deal", "stage_id", level)))
                }
                #expect(hidden?.reason == "FIELD_NOT_READABLE")
            }
        }
    }

    @Test func aMoveAsksForRightsBeforeItLooksAtTheRequest() async throws {
        try await TestService.run(SalesService.definition) { sales in
            let deal = try await sales.create(Deal(displayName: "Desk"))
            let lost = try await sales.stage("Lost")
            let reader = sales.makeUser([("deal", "read", .all), ("stage", "read", .all)])
            let error = try await refusal { try await sales.deals(as: reader).moveDealStage(MoveDealStageRequest()) }
            #expect(error?.reason == "PERMISSION_MISSING")
            let blind = sales.makeUser([("deal", "*", .all)])
            let unseen = try await refusal { try await sales.move(deal, to: lost, reason: "x", as: blind) }
            #expect(unseen?.details.map(\.value) == ["stage.read"])
            for (field, reason) in [("stage_id", nil), ("outcome_reason", "too dear")] {
                let clerk = sales.clerk(hiding: ("deal", field, .read))
                let refused = try await refusal { try await sales.move(deal, to: lost, reason: reason, as: clerk) }
                #expect(refused?.reason == "FIELD_NOT_WRITABLE")
            }
            #expect(try await sales.get(deal).version == 1)
        }
    }
}
