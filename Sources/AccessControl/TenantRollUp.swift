/// What a field says of the living records that name its record in one of theirs.
package struct TenantRollUp: Hashable, Sendable {
    package enum Function: Hashable, Sendable {
        case count, sum, least, most
        /// The value of the record with the latest moment.
        case latest
    }

    /// The kind of records that is rolled up.
    package let object: String
    /// Their field that names the record.
    package let reference: String
    package let function: Function
    /// Their field with the values; nil for a count.
    package let value: String?
    /// Their field with the moment; of the latest only.
    package let time: String?
    /// Which of them count; nil for all.
    package let filter: String?

    package init(
        object: String, reference: String, function: Function, value: String? = nil, time: String? = nil,
        filter: String? = nil
    ) {
        (self.object, self.reference, self.function) = (object, reference, function)
        (self.value, self.time, self.filter) = (value, time, filter)
    }
}
