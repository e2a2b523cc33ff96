/// What goes with a record that is removed for good, and what keeps it: beside the references of record types, which their declarations
/// tell already.
package struct PurgeRules: Sendable {
    /// Fields that name the records of which this one is a part. What was deleted with such a whole, and so bears its delete_time, is removed
    /// with it and not before: it comes back with it, too.
    package let partOf: [String]
    /// Rows that belong to a record of this type alone, in tables that hold no records: foreign keys that delete them with it.
    package let belongings: [TableColumn]
    /// Rows of other things, in such tables, that name a record of this type: it stays while there are some.
    package let keptBy: [TableColumn]

    package init(partOf: [String] = [], belongings: [TableColumn] = [], keptBy: [TableColumn] = []) {
        (self.partOf, self.belongings, self.keptBy) = (partOf, belongings, keptBy)
    }
}

/// A column that names a record.
package struct TableColumn: Sendable, Hashable {
    package let table: String
    package let column: String

    package init(_ table: StaticString, _ column: StaticString) {
        (self.table, self.column) = (table.description, column.description)
    }

    init(table: String, column: String) { (self.table, self.column) = (table, column) }
}
