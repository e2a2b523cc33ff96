import Postgres
import Records
import Tenancy

/// How much the fields, choice lists and validation rules of a workspace take in its policy, which is one message with its users beside them.
enum ModelSize {
    static let bytesMax: Int64 = 512 << 10

    /// The bytes that all of them take, about.
    private static let sizes = Statement(
        """
        SELECT (SELECT coalesce(sum(
            64 + octet_length(object) + octet_length(name) + octet_length(array_to_string(choices, '    '))
            + octet_length(display_name) + coalesce(octet_length(description), 0) + coalesce(octet_length(pattern), 0)
            + coalesce(octet_length(pattern_message), 0) + coalesce(octet_length(default_value::text), 0)
            + coalesce(octet_length(labels::text), 0) + coalesce(octet_length(reference_object), 0)
            + coalesce(octet_length(formula), 0) + coalesce(octet_length(roll_up::text), 0)
            + coalesce(octet_length(choice_list), 0)
            + coalesce(octet_length(kind_change::text), 0)), 0)::bigint
        FROM {schema}.field_definitions WHERE deleted_at IS NULL) + (SELECT coalesce(sum(
            64 + octet_length(name) + coalesce(octet_length(entries::text), 0)
            + octet_length(array_to_string(bound_fields, '    '))), 0)::bigint
        FROM {schema}.choice_lists WHERE deleted_at IS NULL) + (SELECT coalesce(sum(
            128 + octet_length(display_name) + octet_length(object) + octet_length(condition) + octet_length(message)
            + coalesce(octet_length(messages::text), 0) + octet_length(array_to_string(locked_fields, '    '))
            + 40 * cardinality(role_ids)), 0)::bigint
        FROM {schema}.validation_rules WHERE deleted_at IS NULL)
        """)

    /// Asked when the record is there, by one transaction of a workspace at a time: of two that come at once each would see room.
    ///
    /// - Throws: RESOURCE_EXHAUSTED with MODEL_TOO_LARGE.
    static func require(_ transaction: RecordTransaction) async throws {
        let bytes = try await transaction.query(sizes, Parameters()).one().int64(0)
        if bytes > bytesMax { throw IdentityError.modelTooLarge(bytes, max: bytesMax) }
    }
}
