import AccessControl
package import Contracts
import RPC
import Tenancy
import Wire

/// Where a job that works through the records of an order stands.
struct MatchingCheckpoint {
    /// The request, encoded.
    let request: [UInt8]
    let startTime: Timestamp
    /// The last record that was done.
    var lastID: RecordID?

    private typealias Wired = Contracts.MatchingCheckpoint

    init(request: [UInt8], startTime: Timestamp) { (self.request, self.startTime) = (request, startTime) }

    init(decoding bytes: [UInt8]) throws {
        let wired = try Wired(decoding: bytes)
        request = wired.request ?? []
        startTime = Timestamp(microseconds: wired.startMicros ?? 0)
        lastID = wired.lastID.flatMap { RecordID(bytes: $0) }
    }

    var encoded: [UInt8] {
        Wired(request: request, startMicros: startTime.microseconds, lastID: lastID?.bytes).encoded()
    }
}

/// What a step came to: where the next one goes on, nil at the end, and what became of all records so far.
package struct MatchingStep: Sendable {
    package let checkpoint: [UInt8]?
    package let report: JobReport
}

extension MatchingMethod {
    /// Does the next records of a job's order, with the rights that the transaction's actor has now.
    ///
    /// - Parameter report: what became of the records before.
    package func step(
        _ checkpoint: [UInt8], _ report: JobReport, in transaction: RecordTransaction
    ) async throws -> MatchingStep {
        var place = try MatchingCheckpoint(decoding: checkpoint)
        let request = try place.request.withUnsafeBytes {
            try WireCodec.decode($0, as: method.request, arena: transaction.context.arena)
        }
        if type.isTemplate {
            let name = object(of: request) ?? ""
            guard let own = try await transaction.type(TenantObject.prefix + name) else {
                // Its records wait for their object, and nobody has to wait for them: a handover least of all.
                var report = report
                let refusal = RecordErrors.objectNotDefined(name)
                report.issues.append(
                    RecordIssue(object: TenantObject.prefix + name, reason: refusal.reason, message: refusal.message))
                return MatchingStep(checkpoint: nil, report: report)
            }
            return try await of(own).step(checkpoint, report, in: transaction)
        }
        let call = try await transaction.call(type)
        try call.require(reader.action)
        try call.require(reader.grant)
        let order = try await reader.order(request, call, engine, isKept: true)
        for grant in order.grants(reader.grant, of: type) { try call.require(grant) }
        if let edit = order.edit { transaction.assume(edit.remoteReferences(type)) }
        let pass = try MatchingPass(self, order, call, startTime: place.startTime)
        let (items, last) = try await pass.run(after: place.lastID, atMost: Self.rowsAtOnce, in: transaction)
        var report = report
        for item in items { report.add(item) }
        place.lastID = last
        // One job for all such objects: its name does not tell which.
        if type.own != nil { report.kinds = [KindReport(report, of: type.object)] }
        return MatchingStep(checkpoint: last == nil ? nil : place.encoded, report: report)
    }
}

extension JobReport {
    /// Refusals that are kept one by one; of more there is the number.
    static let issuesMax = 100

    package var doneCount: Int64 { (changedCount ?? 0) + (unchangedCount ?? 0) + (refusedCount ?? 0) }

    /// Both together, kind by kind; of the refusals the first ones.
    package func adding(_ other: JobReport) -> JobReport {
        JobReport(
            changedCount: (changedCount ?? 0) + (other.changedCount ?? 0),
            unchangedCount: (unchangedCount ?? 0) + (other.unchangedCount ?? 0),
            refusedCount: (refusedCount ?? 0) + (other.refusedCount ?? 0),
            issues: Array((issues + other.issues).prefix(JobReport.issuesMax)),
            kinds: KindReport.sums(kinds + other.kinds))
    }

    mutating func add(_ item: MatchingItem) {
        if let issue = item.issue {
            refusedCount = (refusedCount ?? 0) + 1
            if issues.count < JobReport.issuesMax { issues.append(issue) }
        } else if item.isChanged {
            changedCount = (changedCount ?? 0) + 1
        } else {
            unchangedCount = (unchangedCount ?? 0) + 1
        }
    }
}

extension KindReport {
    /// All of a report as that of one kind.
    package init(_ report: JobReport, of object: String?) {
        self.init(
            object: object, changedCount: report.changedCount ?? 0, unchangedCount: report.unchangedCount ?? 0,
            refusedCount: report.refusedCount ?? 0)
    }

    /// One for each kind, in the order in which they come first.
    fileprivate static func sums(_ reports: [KindReport]) -> [KindReport] {
        var sums: [KindReport] = []
        for report in reports {
            guard let index = sums.firstIndex(where: { $0.object == report.object }) else {
                sums.append(report)
                continue
            }
            sums[index].changedCount = (sums[index].changedCount ?? 0) + (report.changedCount ?? 0)
            sums[index].unchangedCount = (sums[index].unchangedCount ?? 0) + (report.unchangedCount ?? 0)
            sums[index].refusedCount = (sums[index].refusedCount ?? 0) + (report.refusedCount ?? 0)
            for refusal in report.refusals {
                if let place = sums[index].refusals.firstIndex(where: { $0.reason == refusal.reason }) {
                    sums[index].refusals[place].count =
                        (sums[index].refusals[place].count ?? 0) + (refusal.count ?? 0)
                } else {
                    sums[index].refusals.append(refusal)
                }
            }
        }
        return sums
    }
}

extension Edit {
    /// The records of other services that it names; they were found when the order was given.
    func remoteReferences(_ type: RecordType) -> Set<RecordReference> {
        var references: Set<RecordReference> = []
        for field in fields {
            guard case .remote(let object, _) = field.rules.reference else { continue }
            references.formUnion(field.ids(in: sent).map { RecordReference(object: object, id: $0) })
        }
        return references
    }
}
