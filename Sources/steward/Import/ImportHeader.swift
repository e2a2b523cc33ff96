import Wire

/// The header of an import: what each column of the file sets.
struct ImportHeader {
    struct Column {
        /// As it stands in the file, for messages.
        let name: String
        let target: Target

        enum Target: Equatable {
            /// A field by its path.
            case field(String)
            /// Another record, by one of its fields or by its name.
            case reference(ReferenceResolver.Path)
            /// A field that the workspace has added, by its path.
            case custom(String)
            /// A field that the service sets, those with formulas and roll-ups too: what the file says of it is left out.
            case ofService(String)
            /// The column has no name.
            case none
        }

        /// The field of the record that it sets.
        var path: String? {
            switch target {
            case .field(let path), .custom(let path): path
            case .reference(let path): path.target
            case .ofService, .none: nil
            }
        }
    }

    let columns: [Column]
    private let record: MessageDescriptor

    /// Names in any case, with blanks or hyphens for underscores. Throws for a name that is no field, and for two columns
    /// that set the same one.
    ///
    /// - Parameter custom: the fields that the workspace has added, which go by their labels, too.
    init(_ names: [String], of record: MessageDescriptor, _ custom: CustomFieldKinds? = nil) throws {
        self.record = record
        columns = try names.enumerated().map { index, name in try Self.column(name, index, record, custom) }
        try refuseDoubles()
    }

    /// The columns whose cells are left out, since the service sets their fields.
    var leftOut: [Column] { columns.filter { if case .ofService = $0.target { true } else { false } } }

    /// What to tell of such columns.
    static func note(leftOut names: [String]) -> String {
        "left out, since the service sets them: \(names.joined(separator: ", "))"
    }

    /// The column that a path of the server is about, as in accounts[3].amount.minor_units; nil when there is none. Of columns
    /// that add to the same list, the one whose element it is.
    func column(of serverPath: String, in row: [String]) -> Column? {
        let path = serverPath.split(separator: "].", maxSplits: 1).last.map(String.init) ?? serverPath
        let plain = path.replacing(/\[\d+\]/, with: "")
        if let exact = columns.first(where: { $0.path == plain }) { return exact }
        let top = plain.prefix { $0 != "." }
        let same = columns.enumerated().filter { index, column in
            column.path?.prefix { $0 != "." } == top && index < row.count && !row[index].isEmpty
        }
        let position = path.firstMatch(of: /\[(\d+)\]/).flatMap { Int($0.1) } ?? 0
        return (position < same.count ? same[position] : same.first)?.element
    }

    private static func column(
        _ name: String, _ index: Int, _ record: MessageDescriptor, _ custom: CustomFieldKinds?
    ) throws(UsageProblem) -> Column {
        let shown = name.trimmed
        guard !shown.isEmpty else { return Column(name: "", target: .none) }
        let path = shown.lowercased().split(separator: ".", omittingEmptySubsequences: false).map {
            $0.split { " -_\u{a0}".contains($0) }.joined(separator: "_")
        }.joined(separator: ".")
        do {
            if let reference = ReferenceResolver.path(path, in: record) {
                try ReferenceResolver.check(reference)
                return Column(name: shown, target: .reference(reference))
            }
            if CustomFieldKinds.isPath(path, in: record) {
                try custom?.requireTarget(path)
                return Column(name: shown, target: custom.map { Self.target(path, $0) } ?? .custom(path))
            }
            try FieldAssignment.check(path, in: record)
            if RecordNouns.of(record)?.fieldsOfService.contains(String(path.prefix { $0 != "." })) == true {
                return Column(name: shown, target: .ofService(path))
            }
            return Column(name: shown, target: .field(path))
        } catch {
            if let custom, let path = custom.path(called: shown) {
                return Column(name: shown, target: Self.target(path, custom))
            }
            throw UsageProblem("column \(index + 1), \(shown): \(error.text)", cure: error.cure)
        }
    }

    /// What a column of a field that the workspace has added is for.
    static func target(_ path: String, _ custom: CustomFieldKinds) -> Column.Target {
        custom.isOutputOnly(path) ? .ofService(path) : .custom(path)
    }

    /// Columns that add to a list may come more than once; others would overwrite each other.
    private func refuseDoubles() throws {
        var fields = FieldsSet(of: record)
        for column in columns {
            guard let path = column.path, let other = fields.add(path, by: column.name) else { continue }
            throw UsageProblem(
                "the columns \(other) and \(column.name) set the same field, \(path)",
                cure: "leave one of them out, or take its name away")
        }
    }
}

extension String {
    /// Without white space at the ends.
    var trimmed: String {
        var text = self[...].drop { $0.isWhitespace }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
