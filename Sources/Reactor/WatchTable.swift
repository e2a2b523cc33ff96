/// The watches of a loop, found by a token of slot and generation. A token outlives its watch in events
/// already taken from the kernel; the generation tells that it is stale even when the slot has a new watch.
struct WatchTable {
    private struct Slot {
        var watch: Watch?
        var generation: UInt32 = 0
    }

    private var slots: ContiguousArray<Slot> = []
    private var free: ContiguousArray<Int> = []

    /// Watches at present.
    var count: Int { slots.count - free.count }

    /// A slot for a watch that is about to be made.
    mutating func reserve() -> UInt64 {
        guard let index = free.popLast() else {
            slots.append(Slot())
            return token(slots.count - 1)
        }
        return token(index)
    }

    mutating func fill(_ token: UInt64, with watch: Watch) {
        slots[index(token)].watch = watch
    }

    mutating func release(_ token: UInt64) {
        let index = index(token)
        slots[index].watch = nil
        slots[index].generation &+= 1
        free.append(index)
    }

    subscript(token: UInt64) -> Watch? {
        let slot = slots[index(token)]
        return slot.generation == UInt32(truncatingIfNeeded: token >> 32) ? slot.watch : nil
    }

    mutating func removeAll() {
        for slot in slots { slot.watch?.abandon() }
        slots.removeAll()
        free.removeAll()
    }

    private func token(_ index: Int) -> UInt64 {
        UInt64(slots[index].generation) << 32 | UInt64(index)
    }

    private func index(_ token: UInt64) -> Int {
        Int(token & 0xffff_ffff)
    }
}
