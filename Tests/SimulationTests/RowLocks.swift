/// Who has which rows locked: FOR UPDATE until the transaction ends.
struct RowLocks<Row: Hashable> {
    private var holders: [Row: Int] = [:]

    /// False when another transaction has it: the caller waits and asks again, or passes over it.
    mutating func take(_ row: Row, for transaction: Int) -> Bool {
        if let holder = holders[row] { return holder == transaction }
        holders[row] = transaction
        return true
    }

    func isTaken(_ row: Row) -> Bool { holders[row] != nil }

    mutating func release(of transaction: Int) { holders = holders.filter { $0.value != transaction } }
}
