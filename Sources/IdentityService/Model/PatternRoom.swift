import Formulas
import Postgres
import Records
import Wire

/// How many patterns the records of a kind are compared with: those of fields, of formulas and of validation rules together. Each takes some milliseconds
/// of each write at worst, and is compiled once where it is used.
enum PatternRoom {
    static let countMax = 50

    /// Those that are switched off count: they are to be switched on.
    private static let living = Statement(
        """
        SELECT pattern IS NOT NULL, formula FROM {schema}.field_definitions
        WHERE object = $1 AND deleted_at IS NULL AND (pattern IS NOT NULL OR formula IS NOT NULL)
        UNION ALL SELECT false, condition FROM {schema}.validation_rules WHERE object = $1 AND deleted_at IS NULL
        """)

    /// Asked when a field or rule is there, by one transaction of a workspace at a time. Whoever adds no pattern is not asked: where there are more from
    /// before, they are taken away one by one.
    ///
    /// - Parameter own: counts those of a version of the record.
    /// - Throws: RESOURCE_EXHAUSTED with PATTERNS_TOO_MANY.
    static func require(
        _ change: RecordChange, of object: String, _ transaction: RecordTransaction, counting own: (Message) -> Int
    ) async throws {
        let before = change.kind == .update ? change.before.map(own) ?? 0 : 0
        guard own(change.after) > before else { return }
        var count = 0
        for row in try await transaction.query(Query(living) { $0.append(object) }) {
            count += try row.bool(0) ? 1 : 0
            count += try row.optionalString(1).map { Formula.patternCount(of: $0) } ?? 0
        }
        if count > countMax { throw IdentityError.patternsTooMany(object) }
    }
}
