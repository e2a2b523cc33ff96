import Postgres
import RPC

/// Turns what PostgreSQL says into what the caller is told. No text of the server leaves the process.
enum DatabaseErrors {
    /// The error for the caller; errors that are not PostgreSQL's pass through. `path` is put before field names.
    static func translate(_ error: any Error, _ type: RecordType?, path: String = "") -> any Error {
        guard let error = error as? PostgresError else { return error }
        switch error.kind {
        case .uniqueViolation, .exclusionViolation: return taken(error, type, path)
        case .foreignKeyViolation: return referenceMissing(error, type, path)
        case .checkViolation, .notNullViolation: return refused(error, type, path)
        default: return DatabaseOutage.rpcError(error, domain: RecordErrors.domain) ?? error
        }
    }

    /// Runs statements that belong to no record type; what they throw is for the caller.
    static func translated<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch {
            throw translate(error, nil)
        }
    }

    private static func taken(_ error: PostgresError, _ type: RecordType?, _ path: String) -> RPCError {
        guard let type, let constraint = error.constraint else { return unknownConstraint(error) }
        if let field = type.fields.first(where: { $0.rules.unique?.constraint == constraint }) {
            return taken(field.name, type, path, cause: error)
        }
        if constraint == "\(type.table)_pkey" { return taken("id", type, path, cause: error) }
        if let rule = type.constraints.first(where: { $0.name == constraint }) {
            return taken(rule, type, path, cause: error)
        }
        return unknownConstraint(error)
    }

    /// The value of a field belongs to another record.
    static func taken(_ field: String, _ type: RecordType, _ path: String, cause: (any Error)? = nil)
        -> RPCError
    {
        let text =
            field == type.standard.id.name
            ? "The \(field) is taken; choose another one, or leave it out."
            : "Another \(type.object) has this \(field); choose another value or change that record."
        let reason = "\(field.uppercased())_TAKEN"
        return RPCError(
            .alreadyExists, reason: reason, domain: RecordErrors.domain, text, details: [("field", field)],
            fieldViolations: [FieldViolation(field: path + field, reason: reason, description: text)],
            cause: cause)
    }

    /// The values of several fields belong to another record.
    static func taken(
        _ rule: ConstraintRule, _ type: RecordType, _ path: String, cause: (any Error)? = nil
    ) -> RPCError {
        let text =
            "Another \(type.object) has the same \(rule.fields.joined(separator: " and ")); change one of them."
        return RPCError(
            .alreadyExists, reason: rule.reason, domain: RecordErrors.domain, text, details: [],
            fieldViolations: rule.fields.map {
                FieldViolation(field: path + $0, reason: rule.reason, description: text)
            }, cause: cause)
    }

    private static func referenceMissing(_ error: PostgresError, _ type: RecordType?, _ path: String)
        -> RPCError
    {
        guard let type, let constraint = error.constraint,
            let field = type.fields.first(where: { "\(type.table)_\($0.column)_fkey" == constraint })
        else { return unknownConstraint(error) }
        var refusal = RecordErrors.invalid(
            .referenceNotFound, "\(field.name) names a record that does not exist.", field: path + field.name)
        refusal.cause = error
        return refusal
    }

    private static func refused(_ error: PostgresError, _ type: RecordType?, _ path: String) -> RPCError {
        if let rule = type?.constraints.first(where: { $0.name == error.constraint }),
            let field = rule.fields.first
        {
            let text = "The value of \(rule.fields.joined(separator: ", ")) is not allowed."
            return RPCError(
                .invalidArgument, reason: rule.reason, domain: RecordErrors.domain, text,
                fieldViolations: [
                    FieldViolation(field: path + field, reason: rule.reason, description: text)
                ],
                cause: error)
        }
        // A chosen id that was another record's (`RecordType.insertionOfChosenID`).
        if let type, error.kind == .notNullViolation, error.column == type.standard.id.column, error.table == type.table
        {
            return taken(type.standard.id.name, type, path, cause: error)
        }
        if let column = error.column, let field = type?.fields.first(where: { $0.columns.contains(column) }) {
            var refusal = RecordErrors.invalid(
                .constraintViolated, "\(field.name) must be set.", field: path + field.name)
            refusal.cause = error
            return refusal
        }
        return unknownConstraint(error)
    }

    /// A constraint that no declaration names: the caller cannot do much, the log says which.
    private static func unknownConstraint(_ error: PostgresError) -> RPCError {
        RPCError(
            .failedPrecondition, reason: RecordReason.constraintViolated.rawValue,
            domain: RecordErrors.domain,
            "A rule of the workspace forbids this change.", cause: error)
    }
}
