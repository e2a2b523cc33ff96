package import Tenancy

// What the engine does by itself.
extension Purpose {
    /// Reads the feed for those who watch; each is told what his own rights let him see.
    static let watchRecords = Purpose("watch_records")
    /// Keeps what records are found by. It has no rights on records: what a search tells follows from the rights of who searches.
    package static let indexRecords = Purpose("index_records")
    /// Looks through the values of a field, for who makes it unique.
    package static let defineFields = Purpose("define_fields")
    /// Has the values of a field become values of another kind. It looks at values, tells none, and changes the definition alone.
    package static let changeFieldKind = Purpose(
        "change_field_kind", needs: "field_definition.read", "field_definition.update")
    /// Gives records what formulas say that were defined or changed since. Each kind to which fields can be added stands here.
    static let reckonFormulas = Purpose(
        "reckon_formulas", needs: "account.read", "account.update", "account_contact.read", "account_contact.update",
        "contact.read", "contact.update", "activity.read", "activity.update", "lead.read", "lead.update",
        "custom.*.read", "custom.*.update", "deal.read", "deal.update")
    /// Gives records what roll-ups say of those that name them. Each kind to which fields can be added stands here.
    static let reckonRollUps = Purpose(
        "reckon_roll_ups", needs: "account.read", "account.update", "account_contact.read", "account_contact.update",
        "contact.read", "contact.update", "activity.read", "activity.update", "lead.read", "lead.update",
        "custom.*.read", "custom.*.update", "deal.read", "deal.update")
    /// Tells another service whose roll-ups its records may have changed, and asks it what these are. It has no rights on records: what may be told
    /// follows from the roll-ups.
    package static let exchangeRollUps = Purpose("exchange_roll_ups")
    /// Tells another service of records that it mirrors. It has no rights on records: what may be told follows from the mirror.
    package static let mirrorRecords = Purpose("mirror_records")
}
