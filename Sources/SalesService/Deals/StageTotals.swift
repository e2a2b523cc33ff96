import Records
import SalesContracts

/// How many deals a stage has, and their worth by currency, as far as the caller may read it.
struct StageTotals {
    private let groups: [RecordGroup]

    /// The groups of one stage.
    init(_ groups: [RecordGroup]) {
        self.groups = groups
    }

    /// Sums are read as much as the amounts are.
    static func question(_ deals: Selection) throws -> Question<[RecordGroup]> {
        guard deals.call.rights.mayRead("amount") else { return try deals.groups(by: ["stage_id"]) }
        return try deals.groups(by: ["stage_id", "amount.currency_code"], sum: "amount.minor_units")
    }

    /// Weighted sums are there if the probability is, which a stage shows to who may read it.
    func column(_ stage: Stage, _ deals: [Deal]) -> BoardColumn {
        var column = BoardColumn(
            stageID: stage.id, displayName: stage.displayName, category: stage.category,
            dealCount: groups.reduce(0) { $0 + $1.count }, deals: deals)
        for group in groups {
            guard let sum = group.sum, let currency = group.text(1) else { continue }
            column.sums.append(MoneySum(currency, sum))
            guard let percent = stage.probabilityPercent else { continue }
            column.weightedSums.append(MoneySum(currency, Self.weighted(sum, percent)))
        }
        return column
    }

    /// Rounded half up; amounts are not negative.
    private static func weighted(_ sum: Int128, _ percent: Int32) -> Int128 {
        (sum * Int128(percent) + 50) / 100
    }
}

extension MoneySum {
    /// A sum of whole minor units, which may be more than an amount can be.
    fileprivate init(_ currency: String, _ sum: Int128) {
        let units = Int64(exactly: sum)
        self.init(currencyCode: currency, minorUnits: units, largeMinorUnits: units == nil ? "\(sum)" : nil)
    }
}
