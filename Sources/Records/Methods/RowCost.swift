package import RPC

/// What a call costs for the many records that it reads or makes, on top of what every call of its method costs. The numbers are
/// from measurements of calls with 1 to 1,000 records against a Get (30 November 2026, CPU of all programs and PostgreSQL): reading one
/// more takes 1/14 to 1/20 of its time, 64 KiB of an answer as much as a Get, making one more half.
package struct RowCost: Sendable {
    /// Records that the method's own cost pays for.
    let countIncluded: Int
    /// Records beyond them that cost one unit.
    let countPerUnit: Int
    /// Bytes of an answer that cost one unit.
    private static let bytesPerUnit = 64 << 10

    package init(countIncluded: Int, countPerUnit: Int) {
        (self.countIncluded, self.countPerUnit) = (countIncluded, countPerUnit)
    }

    /// Charges whoever calls for so many records, and for the bytes of an answer with them.
    package func charge(_ count: Int, bytes: Int = 0, to context: CallContext) {
        context.cost += units(count, bytes: bytes)
    }

    /// What so many records cost, and the bytes of an answer with them.
    func units(_ count: Int, bytes: Int) -> UInt32 {
        let records = max(0, count - countIncluded)
        return UInt32(bytes / Self.bytesPerUnit) + UInt32((records + countPerUnit - 1) / countPerUnit)
    }
}
