import AccessControl
import Contracts
import IdentityContracts
import RPC
import Records
import Tenancy
import Text
import Wire
import Work

extension UserMethods {
    /// The user is moved by the rules of every change of one. What is to happen later, or takes records along, is left to a job that is made in
    /// the same transaction; what could not happen now is refused now, too.
    func transferUser(
        _ request: TransferUserRequest, _ context: CallContext
    ) async throws -> TransferUserResponse {
        let call = try await engine.authorise(context, users, .update)
        guard let department = RecordID(request.departmentID ?? "") else {
            throw IdentityError.idInvalid(field: "department_id")
        }
        if request.preview == true { return try await preview(request, to: department, call) }
        return try await engine.transaction(context, request: request) { transaction in
            let transfer = try await Transfer(request, to: department, users, transaction)
            guard let moment = transfer.moment else {
                let user = try await transfer.move(transaction)
                let isOver = request.withRecords != true
                let job = isOver ? nil : try await transfer.begin(at: transaction.now, transaction)
                return TransferUserResponse(user: transaction.present(user, as: User.self), jobID: job?.text)
            }
            try await transaction.trying { _ = try await transfer.move(transaction) }
            let job = try await transfer.begin(at: moment, transaction)
            return TransferUserResponse(
                user: transaction.present(transfer.record.message, as: User.self), jobID: job.text,
                effectiveTime: moment)
        }
    }

    private func preview(
        _ request: TransferUserRequest, to department: RecordID, _ call: RecordCall
    ) async throws -> TransferUserResponse {
        var response = TransferUserResponse()
        try await engine.reading(call.context) { transaction in
            let transfer = try await Transfer(request, to: department, users, transaction)
            response.effectiveTime = transfer.moment
            try await transaction.trying { _ = try await transfer.move(transaction) }
        }
        guard let user = RecordID(request.id ?? ""), let admin = call.actor.userID else { return response }
        response.records = try await handover.client.countTransfer(
            CountTransferRequest(
                userID: user.bytes, departmentID: department.bytes, withRecords: request.withRecords),
            for: admin, in: call.actor.tenantID)
        return response
    }
}

/// What is asked for, with the user locked.
private struct Transfer {
    let record: LoadedRecord
    /// Nil for now.
    let moment: Timestamp?
    private let input: TransferInput
    private let department: RecordID

    /// - Throws: what `load` throws; FAILED_PRECONDITION with TRANSFER_OPEN, USER_DISABLED or TRANSFER_NEEDLESS; INVALID_ARGUMENT for the day.
    init(
        _ request: TransferUserRequest, to department: RecordID, _ users: RecordType, _ transaction: RecordTransaction
    ) async throws {
        record = try await transaction.load(users, id: request.id, for: .update)
        if let job = try await UserTransfer.open(UserID(record.id), in: transaction) {
            throw IdentityError.transferOpen(job)
        }
        let user = record.value(User.self)
        guard user.disabled != true else { throw IdentityError.userDisabled }
        let present = RecordID(user.departmentID ?? "")
        guard present != department || request.withRecords == true else { throw IdentityError.transferNeedless }
        moment = try TransferTime(
            request.effectiveDate, at: transaction.now, in: try await Self.zones(transaction)
        ).moment
        input = TransferInput(
            userID: record.id.bytes, userVersion: user.version, newDepartmentID: department.bytes,
            withRecords: request.withRecords)
        self.department = department
    }

    func move(_ transaction: RecordTransaction) async throws -> Message {
        var user = record.value(User.self)
        user.departmentID = department.text
        return try await transaction.update(record, to: user, by: .caller)
    }

    func begin(at moment: Timestamp, _ transaction: RecordTransaction) async throws -> RecordID {
        try await UserTransfer.begin(input, dueAt: moment, in: transaction)
    }

    /// Of the workspace. Whoever changes them waits until the job is there, and moves its moment.
    private static func zones(_ transaction: RecordTransaction) async throws -> SettingsZones {
        _ = try await transaction.query(SettingsTable.hold)
        return try SettingsZones(
            SettingsTable.timeline(await transaction.query(SettingsTable.since(transaction.now))))
    }
}
