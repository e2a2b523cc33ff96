import AccessControl
package import Contracts
package import RPC
package import Records
import Tenancy
import TenantDatabase

/// Serves HandoverService: gives what a user leaves behind to others, or to the department to which he goes, a job for each successor and each type
/// of the service whose records have owners. The jobs are those of ReassignMatching, with the rights of who asked for it.
package struct HandoverMethods: HandoverServiceCustomMethods {
    private let engine: RecordEngine
    private let methods: [MatchingMethod]

    /// Longest time for the counts of a service, so that who asks gets those that were quick.
    private static let countTime = Duration.seconds(4)

    package init(_ engine: RecordEngine) throws {
        (self.engine, methods) = (engine, try MatchingMethod.reassignments(engine))
    }

    package func countOwned(
        _ request: CountOwnedRequest, _ context: CallContext
    ) async throws -> CountOwnedResponse {
        try await requirePurpose(context)
        let user = UserID(try id(request.userID, "user_id"))
        let deadline = min(context.deadline, .after(Self.countTime))
        var records: [OwnedRecords] = []
        for method in try await methods(context) {
            var owned = OwnedRecords(object: method.recordType.object, service: engine.database.service.rawValue)
            do {
                owned.count = try await method.count(leftBehindBy: user, context, deadline: deadline)
            } catch let error as RPCError where error.leavesOutCount {
                (owned.reason, owned.message) = (error.reason, error.message)
            }
            records.append(owned)
        }
        return CountOwnedResponse(records: records)
    }

    package func countTransfer(
        _ request: CountTransferRequest, _ context: CallContext
    ) async throws -> CountTransferResponse {
        try await requirePurpose(context)
        let user = UserID(try id(request.userID, "user_id"))
        let department = try id(request.departmentID, "department_id")
        let transfer = try await TransferCount(of: user, to: department, engine, context)
        let deadline = min(context.deadline, .after(Self.countTime))
        var records: [TransferredRecords] = []
        for method in try await methods(context) {
            let count = TransferredCount(
                method, transfer, user: user, department: request.withRecords == true ? department : nil)
            if let counted = try await count.records(of: engine.database.service, context, deadline) {
                records.append(counted)
            }
        }
        return CountTransferResponse(records: records)
    }

    package func beginHandover(
        _ request: BeginHandoverRequest, _ context: CallContext
    ) async throws -> BeginHandoverResponse {
        try await requirePurpose(context)
        let (keys, parts) = (try keys(of: request.handoverID), try parts(of: request))
        let retried = Timestamp(microseconds: request.retryFailedBeforeMicros ?? 0)
        let methods = try await methods(context)
        return try await engine.transaction(context, request: request) { transaction in
            try await keys.hold(transaction)
            // A beginning of before the cancellation comes late. One whose saga was tried again since then is meant.
            try await keys.dropMarks(before: retried, transaction)
            if try await keys.find(transaction).isEmpty {
                for (number, part) in parts.enumerated() {
                    for method in methods {
                        try await begin(
                            request.handoverID, "\(number)\(method.keySuffix)", part, method, transaction)
                    }
                }
            } else if try await keys.marks(transaction).isEmpty {
                try await keys.retry(failedBefore: retried, transaction)
                try await keys.reopen(cancelledBefore: retried, transaction)
            }
            // It was cancelled while this one began.
            if try await !keys.marks(transaction).isEmpty { try await keys.cancel(transaction) }
            return BeginHandoverResponse(handover: try await handover(keys, transaction))
        }
    }

    /// The handover gets a job that is cancelled, also when it has not begun: a beginning that comes late finds it, makes none and tries none again.
    /// Only a saga that is tried again after this one's moment begins anew, or goes on.
    package func cancelHandover(
        _ request: CancelHandoverRequest, _ context: CallContext
    ) async throws -> CancelHandoverResponse {
        try await requirePurpose(context)
        let keys = try keys(of: request.handoverID)
        return try await engine.transaction(context, request: request) { transaction in
            if let method = methods.first {
                // Under the key of the first part, so that one of two who begin and cancel at once waits for the other.
                try await begin(request.handoverID, "0", nil, method, transaction)
                try await keys.hold(transaction)
                if try await keys.marks(transaction).isEmpty {
                    try await begin(request.handoverID, "end", nil, method, transaction)
                }
            }
            try await keys.cancel(transaction)
            return CancelHandoverResponse(handover: try await handover(keys, transaction))
        }
    }

    /// Whoever else comes by a proof of a program's call may not have anything given away by it, nor may identity for somebody who is gone.
    private func requirePurpose(_ context: CallContext) async throws {
        guard case .program(.handOver, .some) = try context.requireTenantActor().actor else {
            throw HandoverError.purposeMissing
        }
        _ = try await engine.access(context, to: JobMethods.permission.name, writes: true)
    }

    private func begin(
        _ handover: [UInt8]?, _ suffix: String, _ part: HandoverPart?, _ method: MatchingMethod,
        _ transaction: RecordTransaction
    ) async throws {
        let job = NewJob(
            method.jobName, key: "\(try prefix(of: handover))\(suffix)", userID: transaction.actor.userID,
            dueAt: transaction.now, checkpoint: part.map { method.checkpoint($0, at: transaction.now) })
        _ = try await JobTable.insert(job, at: transaction.now, transaction)
    }

    /// How it stands. What says that it was cancelled is no part of it.
    private func handover(_ keys: JobKeys, _ transaction: RecordTransaction) async throws -> Handover {
        let (jobs, marks) = (try await keys.find(transaction), try await keys.marks(transaction))
        let failed = jobs.first { $0.state == .failed }
        let cancelled = jobs.first { $0.state == .cancelled }
        var report = JobReport()
        for job in jobs where !marks.contains(job.id) {
            var part = job.progress.report
            if part.kinds.isEmpty {
                part.kinds = [KindReport(part, of: methods.first { $0.jobName == job.name }?.recordType.object)]
            }
            report = report.adding(part)
        }
        return Handover(
            openCount: Int32(jobs.count { $0.state.isOpen }),
            failure: failed?.lastError ?? cancelled.map { _ in "JOB_CANCELLED" }, report: report)
    }

    /// With one for each object that the caller's workspace has defined.
    private func methods(_ context: CallContext) async throws -> [MatchingMethod] {
        try await MatchingMethod.all(methods, in: engine.model(context))
    }

    private func keys(of handover: [UInt8]?) throws -> JobKeys {
        JobKeys(methods.map(\.jobName), prefix: try prefix(of: handover))
    }

    private func prefix(of handover: [UInt8]?) throws -> String { "handover \(try id(handover, "handover_id")) " }

    private func parts(of request: BeginHandoverRequest) throws -> [HandoverPart] {
        let from = UserID(try id(request.userID, "user_id"))
        let newDepartment = try request.newDepartmentID.map { try id($0, "new_department_id") }
        let departments = try request.successors.compactMap { successor in
            try successor.departmentID.map { try id($0, "successors.department_id") }
        }
        return try request.successors.map { successor in
            let department = try successor.departmentID.map { try id($0, "successors.department_id") }
            return HandoverPart(
                from: from, to: UserID(try id(successor.userID, "successors.user_id")), department: department,
                otherDepartments: department == nil ? departments : [], newDepartment: newDepartment)
        }
    }

    private func id(_ bytes: [UInt8]?, _ field: String) throws -> RecordID {
        guard let id = bytes.flatMap({ RecordID(bytes: $0) }) else { throw HandoverError.idInvalid(field) }
        return id
    }
}

extension MatchingMethod {
    /// Tells the jobs of objects that workspaces define apart, which have one name.
    fileprivate var keySuffix: String { recordType.own.map { " \($0.object)" } ?? "" }
}

extension RPCError {
    /// What may not be counted, or not in time, is left out of the counts, which say why.
    var leavesOutCount: Bool { [.permissionDenied, .resourceExhausted, .deadlineExceeded].contains(code) }
}

/// The errors of HandoverService, which programs see.
private enum HandoverError {
    static let purposeMissing = RPCError.permissionDenied(
        "PURPOSE_MISSING", "A handover is asked for by identity, for a user.", domain: "jobs")

    static func idInvalid(_ field: String) -> RPCError {
        .invalidArgument("INVALID_ID", "An id has 16 bytes.", field: field, domain: "jobs")
    }
}
