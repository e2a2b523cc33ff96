#if DEBUG
    import AccessControl
    import Tenancy
    import Text
    import Wire

    @testable import Records

    // Decides filters in memory, as PostgreSQL does with the SQL of `FilterSQL`; a property test compares the two.
    extension ResolvedFilter {
        /// Finds a living record that another one names; nil when there is none, or when none can be looked for.
        typealias Following = (RecordType, RecordID) -> Message?

        /// Whether a record fulfils the filter. A field that is not set fulfils nothing but `!=` and negations.
        func matches(_ record: Message, following: Following = { _, _ in nil }) -> Bool {
            switch self {
            case .all(let filters): filters.allSatisfy { $0.matches(record, following: following) }
            case .any(let filters): filters.contains { $0.matches(record, following: following) }
            case .not(let filter): !filter.matches(record, following: following)
            case .compare(let comparison): comparison.matches(record)
            case .follow(let reference): reference.matches(record, following: following)
            }
        }
    }

    extension ResolvedReference {
        func matches(_ record: Message, following: ResolvedFilter.Following) -> Bool {
            guard let id = record.id(field.descriptor), let other = following(type, id) else { return false }
            let owner = type.standard.owner.flatMap { other.id($0.descriptor) }
            let department = type.standard.department.flatMap { other.id($0.descriptor) }
            return call.predicate(.read).admits(owner: owner, unit: department) && filter.matches(other)
        }
    }

    extension ResolvedComparison {
        func matches(_ record: Message) -> Bool {
            if comparator == .isSet { return target.isSet(in: record) }
            return target.values(in: record).contains { value in values.contains { holds(value, $0) } }
        }

        private func holds(_ value: FieldValue, _ other: FieldValue) -> Bool {
            guard value.isComparable(with: other) else { return false }
            switch comparator {
            case .equal, .in: return value.isEqual(other)
            case .less: return value.isLess(than: other)
            case .lessOrEqual: return !other.isLess(than: value)
            case .greater: return other.isLess(than: value)
            case .greaterOrEqual: return !value.isLess(than: other)
            case .contains:
                guard case .text(let text) = value, case .text(let part) = other, case .text = target.type else {
                    return value.isEqual(other)
                }
                if case .array = target.place { return value.isEqual(other) }
                return TextFolding.folded(text).contains(sequence: TextFolding.folded(part))
            case .startsWith:
                guard case .text(let text) = value, case .text(let part) = other else { return false }
                return TextFolding.folded(text).starts(with: TextFolding.folded(part))
            case .notEqual, .isSet: preconditionFailure("resolved before")
            }
        }
    }

    extension FieldValue {
        /// Texts are the same when their bytes are: Swift's == would take é and e + ´ for the same, PostgreSQL does not.
        func isEqual(_ other: FieldValue) -> Bool {
            if case .text(let one) = self, case .text(let two) = other { return one.utf8.elementsEqual(two.utf8) }
            return self == other
        }

        /// Amounts of different currencies are not: none is more than the other, nor are they the same.
        func isComparable(with other: FieldValue) -> Bool {
            guard case .money(_, let one) = self, case .money(_, let two) = other else { return true }
            return one == two
        }

        /// The order of filters and lists: texts as people look for them, false before true.
        func isLess(than other: FieldValue) -> Bool {
            switch (self, other) {
            case (.text(let one), .text(let two)): TextOrder.root.precedes(one, two)
            case (.id(let one), .id(let two)): one < two
            case (.integer(let one), .integer(let two)): one < two
            case (.number(let one), .number(let two)): one < two
            case (.flag(let one), .flag(let two)): !one && two
            case (.time(let one), .time(let two)): one < two
            case (.date(let one), .date(let two)): one < two
            case (.money(let one, _), .money(let two, _)): isComparable(with: other) && one < two
            default: false
            }
        }
    }

    /// Lower case as PostgreSQL's ILIKE makes it: character by character, one for one, the same in every language.
    enum TextFolding {
        static func folded(_ text: String) -> [Unicode.Scalar] {
            text.unicodeScalars.map { scalar in
                if scalar == "İ" { return "i" }
                let mapping = scalar.properties.lowercaseMapping.unicodeScalars
                guard mapping.count == 1, let only = mapping.first else { return scalar }
                return only
            }
        }
    }

    extension Array where Element: Equatable {
        /// Whether the other array occurs in this one as a whole.
        func contains(sequence other: [Element]) -> Bool {
            guard !other.isEmpty else { return true }
            guard other.count <= count else { return false }
            return (0...(count - other.count)).contains { self[$0...].starts(with: other) }
        }
    }
#endif
