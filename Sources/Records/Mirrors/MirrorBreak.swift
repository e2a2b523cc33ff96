import RPC
import Synchronization
import Tenancy

/// The two sides of a mirror do not agree on what was told: one of them was restored, or somebody else tells, too.
struct MirrorBreak: Error {
    /// The highest fence that the mirror has seen; nil when it does not say.
    let told: Int64?
    /// The fence that was refused; 0 for none.
    let refused: Int64

    init(told: Int64) { (self.told, refused) = (max(told, 0), 0) }

    /// From MIRROR_FENCED.
    init(_ refusal: RPCError, of fence: Int64) {
        told = refusal.details.first { $0.key == "fence" }.flatMap { Int64($0.value) }.map { max($0, 0) }
        refused = fence
    }

    /// Somebody else has told it: with a higher fence, that was taken at this place, which nobody has lost.
    func isOvertaking(at place: MirrorPlace) -> Bool {
        guard let told, refused == 0 || told > refused else { return false }
        return place.canFollow(told) && told >= place.toldFence
    }
}

extension MirrorPlace {
    /// How much a fence may be above the one before. Those of a restored side are some behind; a higher one is a wrong one, which would end all
    /// that comes after it.
    static let riseMax: Int64 = 1 << 32

    /// The highest fence that is taken over from a mirror: many more can follow.
    static let followedMax: Int64 = 1 << 62

    /// The next fence can follow what the mirror has seen. Every fence is taken here before it is seen there, unless this side was restored.
    func canFollow(_ told: Int64) -> Bool { told <= fence && fence - told <= Self.riseMax }

    /// - Throws: MirrorBreak when the mirror has seen what was not told, or has lost what it had stored.
    func check(_ told: Int64) throws {
        let told = max(told, 0)
        guard canFollow(told), told >= toldFence else { throw MirrorBreak(told: told) }
    }
}

extension MirrorPush {
    /// Begins the mirror anew, with a fence that follows what it has seen, unless somebody else has told it.
    ///
    /// - Throws: MIRROR_FENCED when that was done before and the mirror has not had all since: the next attempt waits.
    func mend(_ found: MirrorBreak, _ places: MirrorPlaces) async throws {
        let place = try await places.find()
        if let place, found.isOvertaking(at: place) { return }
        try await begin(places)
        if let place, let told = found.told, !place.canFollow(told) {
            try await places.follow(min(told, MirrorPlace.followedMax), from: place.fence + 1)
        }
        let isFirst = known.withLock { $0.broken.insert(places.program.tenantID).inserted }
        guard isFirst else { throw RecordErrors.mirrorFenced(feed.type, seen: found.told ?? 0) }
    }
}
