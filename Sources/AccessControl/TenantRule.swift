package import Tenancy

/// What a workspace demands of its records: a formula, and what becomes of a record for which it holds.
package struct TenantRule: Hashable, Sendable {
    package enum Effect: Hashable, Sendable {
        /// It is not stored so.
        case refuse
        /// It is not changed any more: none of its fields, or these and those of the formula.
        case lock(fields: [String])
    }

    package let id: RecordID
    /// As errors tell it.
    package let name: String
    /// The kind of records, as grants call it.
    package let object: String
    package let effect: Effect
    /// The formula.
    package let condition: String
    /// The field at which errors point.
    package let field: String?
    /// What people are told.
    package let message: String
    /// The same in other languages.
    package let messages: [TenantLabel]
    /// The roles whose members it does not bind.
    package let exceptRoles: Set<RecordID>

    package init(
        id: RecordID, name: String, object: String, effect: Effect = .refuse, condition: String, field: String? = nil,
        message: String, messages: [TenantLabel] = [], exceptRoles: Set<RecordID> = []
    ) {
        (self.id, self.name, self.object, self.effect) = (id, name, object, effect)
        (self.condition, self.field, self.message, self.messages) = (condition, field, message, messages)
        self.exceptRoles = exceptRoles
    }

    /// Rules that a workspace may have for one kind of records: each may be asked for each record that is written.
    package static let countMax = 50

    /// What people are told, to somebody who asks in a language.
    package func message(in language: String?) -> String { messages.label(in: language)?.displayName ?? message }
}
