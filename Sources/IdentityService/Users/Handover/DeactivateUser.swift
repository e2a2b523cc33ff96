import AccessControl
import Contracts
import IdentityContracts
import Postgres
import RPC
import Records
import Tenancy
import Wire

extension UserMethods {
    /// The user is disabled by the rules of every change of one, and the job that gives away what he owns made in the same transaction:
    /// neither is there without the other.
    func deactivateUser(
        _ request: DeactivateUserRequest, _ context: CallContext
    ) async throws -> DeactivateUserResponse {
        let call = try await engine.authorise(context, users, .update)
        let successors = try Successors(request)
        if request.preview == true { return try await preview(request, successors, call) }
        return try await engine.transaction(context, request: request) { transaction in
            let (user, transfer) = try await deactivate(request, successors, transaction)
            var response = DeactivateUserResponse(
                user: transaction.present(user, as: User.self), cancelledTransferJobID: transfer?.text)
            if !successors.all.isEmpty, let id = user.id("id") {
                response.jobID = try await UserHandover.begin(UserID(id), successors.all, in: transaction).text
            }
            return response
        }
    }

    func activateUser(_ request: ActivateUserRequest, _ context: CallContext) async throws -> ActivateUserResponse {
        _ = try await engine.authorise(context, users, .update)
        return try await engine.transaction(context, request: request) { transaction in
            let record = try await transaction.load(users, id: request.id, for: .update)
            let job = try await UserHandover.open(UserID(record.id), in: transaction)
            let user = try await setDisabled(record, false, transaction)
            return ActivateUserResponse(
                user: transaction.present(user, as: User.self), cancelledJobID: job?.text)
        }
    }

    /// - Returns: besides, the transfer that ends with it.
    private func deactivate(
        _ request: DeactivateUserRequest, _ successors: Successors, _ transaction: RecordTransaction
    ) async throws -> (user: Message, transfer: RecordID?) {
        let record = try await transaction.load(users, id: request.id, for: .update)
        let user = UserID(record.id)
        try await successors.check(leaver: user, transaction)
        if !successors.all.isEmpty, let job = try await UserHandover.open(user, in: transaction) {
            throw IdentityError.handoverOpen(job)
        }
        let transfer = try await UserTransfer.open(user, in: transaction)
        return (try await setDisabled(record, true, transaction), transfer)
    }

    private func setDisabled(
        _ record: LoadedRecord, _ isDisabled: Bool, _ transaction: RecordTransaction
    ) async throws -> Message {
        var user = record.value(User.self)
        guard (user.disabled == true) != isDisabled else { return record.message }
        user.disabled = isDisabled
        return try await transaction.update(record, to: user, by: .caller)
    }

    /// Does it and takes it back, so that whatever would refuse it refuses the preview.
    private func preview(
        _ request: DeactivateUserRequest, _ successors: Successors, _ call: RecordCall
    ) async throws -> DeactivateUserResponse {
        var response = DeactivateUserResponse()
        try await engine.reading(call.context) { transaction in
            response.cancelledTransferJobID = try await transaction.trying {
                try await deactivate(request, successors, transaction).transfer?.text
            }
        }
        guard let id = RecordID(request.id ?? ""), let admin = call.actor.userID else { return response }
        response.ownedRecords = try await handover.client.count(UserID(id), for: admin, in: call.actor.tenantID)
        return response
    }
}

/// Who gets what a leaver owns.
private struct Successors {
    private static let departmentsMax = 20

    let all: [Successor]
    private let fields: [String]

    /// Throws INVALID_ARGUMENT for what is wrong with the request alone.
    init(_ request: DeactivateUserRequest) throws {
        var (all, fields): ([Successor], [String]) = ([], [])
        if let id = request.successorID, !id.isEmpty {
            all.append(Successor(userID: try Self.id(id, "successor_id").bytes))
            fields.append("successor_id")
        }
        guard request.departmentSuccessors.count <= Self.departmentsMax else {
            throw IdentityError.departmentsTooMany(max: Self.departmentsMax)
        }
        for (index, part) in request.departmentSuccessors.enumerated() {
            let field = "department_successors[\(index)]"
            let department = try Self.id(part.departmentID, "\(field).department_id").bytes
            guard !all.contains(where: { $0.departmentID == department }) else {
                throw IdentityError.departmentTwice(field: "\(field).department_id")
            }
            fields.append("\(field).successor_id")
            all.append(
                Successor(
                    userID: try Self.id(part.successorID, fields[fields.count - 1]).bytes, departmentID: department))
        }
        (self.all, self.fields) = (all, fields)
    }

    private static let holdUsers = Statement(
        """
        SELECT id FROM {schema}.users WHERE id = ANY ($1) AND deleted_at IS NULL AND disabled IS NOT TRUE
        ORDER BY id FOR SHARE
        """)

    /// Throws INVALID_ARGUMENT with SUCCESSOR_INVALID when one is the leaver, or nobody of the workspace who may sign in.
    func check(leaver: UserID, _ transaction: RecordTransaction) async throws {
        guard !all.isEmpty else { return }
        let hold = Query(Self.holdUsers) { $0.append(all.compactMap(\.id)) }
        let active = Set(try await transaction.query(hold.statement, hold.parameters).map { try $0.id(0) })
        for (field, successor) in zip(fields, all) {
            guard let id = successor.id, id != leaver.id, active.contains(id) else {
                throw IdentityError.successorInvalid(field: field)
            }
        }
    }

    private static func id(_ text: String?, _ field: String) throws -> RecordID {
        guard let id = RecordID(text ?? "") else { throw IdentityError.idInvalid(field: field) }
        return id
    }
}

extension Successor {
    fileprivate var id: RecordID? { userID.flatMap { RecordID(bytes: $0) } }
}
