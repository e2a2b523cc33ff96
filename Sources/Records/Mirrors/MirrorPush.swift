package import Contracts
import CoreMetrics
import Postgres
package import RPC
import Synchronization
package import Tenancy

/// Tells another service of records that it mirrors: as they are, whenever the feed says that they have changed, and all of them in the order of
/// their ids when the mirror is new or does not fit any more.
///
/// A step is between two transactions. It may be done twice and is told to the mirror in the order of fences, so that what is late changes
/// nothing. Where it is lies in the tenant's schema: whoever goes on, in whatever process, goes on there.
package final class MirrorPush: Sendable {
    /// The way to the other service for a tenant, with the proof of who calls.
    package typealias Way = @Sendable (TenantID, ServiceName) async throws -> (MirrorServiceClient, CallOptions)

    /// What a step did.
    package enum Step: Hashable, Sendable {
        /// Nothing was to be told.
        case idle
        /// More may be there.
        case advanced
    }

    package let feed: MirrorFeed
    let engine: RecordEngine
    private let way: Way
    private let meter: FeedMeter
    private let records: MirrorMeter
    /// What the other service says of its mirror.
    let known = Mutex(Known())

    struct Known {
        var wanted: [String]?
        /// Tenants whose mirror has all records.
        var whole: Set<TenantID> = []
        /// Tenants whose mirror was begun anew since the two sides did not agree, and does not have all yet.
        var broken: Set<TenantID> = []

        mutating func forget(_ tenant: TenantID) {
            whole.remove(tenant)
            broken.remove(tenant)
        }
    }

    package init(
        _ feed: MirrorFeed, _ engine: RecordEngine, meter: FeedMeter, records: MirrorMeter, way: @escaping Way
    ) {
        (self.feed, self.engine, self.meter, self.records, self.way) = (feed, engine, meter, records, way)
    }

    /// Where no other service can be called: what is told is refused.
    package convenience init(_ feed: MirrorFeed, _ engine: RecordEngine) {
        let none = NOOPMetricsHandler.instance
        self.init(feed, engine, meter: FeedMeter(none), records: MirrorMeter(none)) { _, receiver in
            throw RPCError.unavailable("UNAVAILABLE", "There is no way to \(receiver).")
        }
    }

    /// Tells what is next, 200 records or events at most.
    ///
    /// - Throws: UNAVAILABLE and others as the other service does, when it cannot be told: nothing is lost by that.
    package func step(_ tenant: TenantID, deadline: Deadline) async throws -> Step {
        let places = places(tenant, deadline)
        guard let place = try await places.find() else { return try await begin(places) }
        return try await unlessOvertaken(places) {
            if let last = place.rebuiltTo { return try await rebuild(after: last, place, places) }
            guard try await isWhole(place, places) else { return try await begin(places) }
            return try await tell(place, places)
        } ?? .advanced
    }

    /// Nil when somebody else has told something meanwhile, and when the mirror has to be made anew, which is begun. After a failure the other
    /// service is asked first what it has: it may have been down in order to be restored.
    private func unlessOvertaken<Value>(_ places: MirrorPlaces, _ body: () async throws -> Value?) async throws
        -> Value?
    {
        do {
            return try await body()
        } catch let error as MirrorBreak {
            try await mend(error, places)
            return nil
        } catch let error as RPCError {
            known.withLock { _ = $0.whole.remove(places.program.tenantID) }
            switch error.reason {
            case RecordReason.feedCursorInvalid.rawValue, RecordReason.feedCursorExpired.rawValue:
                try await begin(places)
                return nil
            default: throw error
            }
        }
    }

    /// Says how much is still to be told, for the metrics. A mirror that is being made anew is as late as that was begun.
    package func measure(_ tenant: TenantID, deadline: Deadline) async throws {
        let places = places(tenant, deadline)
        guard let place = try await places.find() else { return }
        let backlog = try await Feed(engine).backlog(places.program, after: place.cursor, deadline: deadline)
        meter.note(backlog, of: feed.name, places.program)
        if let begun = place.begunAt { meter.note(lateSince: begun, of: feed.name, places.program) }
    }

    /// The tenant is closed or gone: nothing is to be told of it, and nothing is late.
    package func forget(_ tenant: TenantID) {
        meter.note(FeedBacklog.none, of: feed.name, TenantActor(tenant, purpose: .mirrorRecords, onBehalfOf: nil))
        known.withLock { $0.forget(tenant) }
    }

    private func places(_ tenant: TenantID, _ deadline: Deadline) -> MirrorPlaces {
        MirrorPlaces(
            database: engine.database, name: feed.name,
            program: TenantActor(tenant, purpose: .mirrorRecords, onBehalfOf: nil), deadline: deadline)
    }

    /// The mirror is made anew: whatever changes meanwhile is told when it has all.
    @discardableResult
    func begin(_ places: MirrorPlaces) async throws -> Step {
        try await places.begin(try await Feed(engine).now(places.program, deadline: places.deadline))
        return .advanced
    }

    // MARK: Telling

    private func tell(_ place: MirrorPlace, _ places: MirrorPlaces) async throws -> Step {
        let batch = try await Feed(engine).read(
            places.program, after: place.cursor, limit: MirrorPages.pageSize, deadline: places.deadline
        ) { $0.object == feed.type.object }
        guard !batch.events.isEmpty || !batch.cursor.stands(where: place.cursor) else {
            caughtUp(places)
            return .idle
        }
        var fence = place.fence
        // Where nothing is mirrored the place moves on, unless somebody has told something since it was read.
        if !batch.events.isEmpty {
            guard let next = try await places.fence(after: place) else { return .advanced }
            fence = next
            let pages = try await pages(place, places)
            let ids = Array(Set(batch.events.map(\.recordID)))
            let found = try await pages.records(ids)
            let gone = Set(ids).subtracting(found.map(\.id))
            _ = try await apply(
                ApplyMirrorRequest(
                    fence: fence, records: found.map(\.bytes), goneIDs: gone.map(\.bytes)), pages, place)
        }
        let isStored = try await places.store(
            batch.cursor, rebuiltTo: nil, fence: fence, isTold: !batch.events.isEmpty, after: batch)
        guard isStored else { return .advanced }
        meter.note(batch.events, of: feed.name)
        records.told(batch.events.count, feed.name)
        guard batch.isCaughtUp else { return .advanced }
        caughtUp(places)
        return .idle
    }

    private func caughtUp(_ places: MirrorPlaces) {
        meter.note(FeedBacklog.none, of: feed.name, places.program)
        known.withLock { _ = $0.broken.remove(places.program.tenantID) }
    }

    private func rebuild(after last: RecordID, _ place: MirrorPlace, _ places: MirrorPlaces) async throws -> Step {
        guard let fence = try await places.fence(after: place) else { return .advanced }
        let pages = try await pages(place, places)
        let page = try await pages.records(after: last)
        let end = Self.end(of: page)
        var request = Self.request(page, after: last, fence)
        request.completes = end == nil
        let answer = try await apply(request, pages, place)
        // What the mirror has too much is removed a part at a time.
        guard answer.isPartial != true else { return .advanced }
        // The pages before lack what is wanted since.
        guard Set(answer.fields).isSubset(of: pages.wanted) else { return try await begin(places) }
        _ = try await places.store(place.cursor, rebuiltTo: end, fence: fence, isTold: true)
        records.told(page.count, feed.name)
        if let begun = place.begunAt { meter.note(lateSince: begun, of: feed.name, places.program) }
        return .advanced
    }

    /// All records after one of them, up to the last of the page.
    private static func request(_ page: MirrorPages.Page, after last: RecordID, _ fence: Int64) -> ApplyMirrorRequest {
        let end = end(of: page)
        return ApplyMirrorRequest(
            fence: fence, records: page.map(\.bytes), range: MirrorRange(afterID: last.bytes, untilID: end?.bytes))
    }

    /// Nil for a page that holds all that is left.
    private static func end(of page: MirrorPages.Page) -> RecordID? {
        page.count < MirrorPages.pageSize ? nil : page.last?.id
    }

    // MARK: The other service

    private func isWhole(_ place: MirrorPlace, _ places: MirrorPlaces) async throws -> Bool {
        let tenant = places.program.tenantID
        if known.withLock({ $0.whole.contains(tenant) }) { return true }
        let (client, options) = try await way(tenant, feed.receiver)
        let answer = try await client.openMirror(OpenMirrorRequest(object: feed.type.object), options: options)
        try place.check(answer.fence ?? 0)
        note(answer.fields, whole: answer.wholeFields, of: tenant)
        return known.withLock { $0.whole.contains(tenant) }
    }

    private func pages(_ place: MirrorPlace, _ places: MirrorPlaces) async throws -> MirrorPages {
        var wanted = known.withLock { $0.wanted }
        if wanted == nil {
            _ = try await isWhole(place, places)
            wanted = known.withLock { $0.wanted }
        }
        return MirrorPages(engine, feed.type, places.program, wanted: wanted ?? [], deadline: places.deadline)
    }

    private func apply(
        _ request: ApplyMirrorRequest, _ pages: MirrorPages, _ place: MirrorPlace
    ) async throws -> ApplyMirrorResponse {
        let tenant = pages.program.tenantID
        var request = request
        (request.object, request.toldFence) = (feed.type.object, place.toldFence)
        request.fields = pages.fields.map(\.name)
        let (client, options) = try await way(tenant, feed.receiver)
        let answer: ApplyMirrorResponse
        do {
            answer = try await client.applyMirror(request, options: options)
        } catch let error {
            guard error.reason == RecordReason.mirrorFenced.rawValue else { throw error }
            throw MirrorBreak(error, of: request.fence ?? 0)
        }
        note(answer.fields, whole: answer.wholeFields, of: tenant)
        records.unfit(Int(answer.unfitCount ?? 0), feed.name)
        return answer
    }

    /// The mirror may want other fields than before, when its service is a newer one. Of those that this one does not know it has none.
    private func note(_ wanted: [String], whole: [String], of tenant: TenantID) {
        let told = Set(wanted).intersection(feed.type.fieldNames)
        known.withLock { known in
            if known.wanted != wanted { (known.wanted, known.whole) = (wanted, []) }
            if told.isSubset(of: whole) { known.whole.insert(tenant) } else { known.whole.remove(tenant) }
        }
    }
}

// Comparing.
extension MirrorPush {
    /// What came of comparing a page.
    package struct Comparison: Sendable {
        /// Where the next page begins; nil after the last.
        package let next: RecordID?
        /// Records that were as they should be.
        package let equalCount: Int
        /// Records that were missing, other or too many, and are as they should be now.
        package let healedCount: Int
    }

    /// Steps after which what is still to be told does not hold a comparison up.
    private static let stepsBefore = 5

    /// Compares the records after one of them with the mirror, which is healed where it differs.
    ///
    /// - Returns: nil when the mirror is being made anew, or somebody else told something meanwhile: compare again.
    package func compare(
        _ tenant: TenantID, after last: RecordID?, deadline: Deadline
    ) async throws -> Comparison? {
        for _ in 0..<Self.stepsBefore where try await step(tenant, deadline: deadline) == .idle { break }
        let places = places(tenant, deadline)
        return try await unlessOvertaken(places) { try await compare(after: last, places) }
    }

    private func compare(after last: RecordID?, _ places: MirrorPlaces) async throws -> Comparison? {
        guard let place = try await places.find(), place.rebuiltTo == nil,
            let fence = try await places.fence(after: place)
        else { return nil }
        let pages = try await pages(place, places)
        let page = try await pages.records(after: last ?? .zero)
        let answer = try await apply(Self.request(page, after: last ?? .zero, fence), pages, place)
        let changed = Set(answer.changedIDs.compactMap { RecordID(bytes: $0) })
        // What changed after all that was told is no difference: it was on its way.
        let underWay =
            changed.isEmpty
            ? []
            : try await Feed(engine).changed(
                among: Array(changed), of: feed.type.object, places.program, after: place.cursor,
                deadline: places.deadline)
        let healed = changed.subtracting(underWay)
        records.healed(healed.count, feed.name)
        let isPartial = answer.isPartial == true
        return Comparison(
            next: isPartial ? last ?? .zero : Self.end(of: page),
            equalCount: isPartial ? 0 : page.count - changed.intersection(page.map(\.id)).count,
            healedCount: healed.count)
    }
}
