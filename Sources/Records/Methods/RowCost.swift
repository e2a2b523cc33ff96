import RPC

/// What a call costs for the many records that it reads or makes, on top of what every call of its method costs. The numbers are
/// from measurements of calls with 1 to 1,000 records against a Get: reading one more takes 1/30 of its time, making one more half.
struct RowCost {
    /// Records that the method's own cost pays for.
    let countIncluded: Int
    /// Records beyond them that cost one unit.
    let countPerUnit: Int

    /// Charges whoever calls for so many records.
    func charge(_ count: Int, to context: CallContext) {
        guard count > countIncluded else { return }
        context.cost += UInt32((count - countIncluded + countPerUnit - 1) / countPerUnit)
    }
}
