/// What an export was asked for. All of it stays the same when it goes on: the server's token is good for nothing else.
struct ExportOrder: Codable, Equatable, Sendable {
    /// As in account.
    let noun: String
    let format: ExportFormat
    /// As they were asked for; nil for all fields.
    let columns: [String]?
    let showsIDs: Bool
    let filter: String?
    let orderBy: [String]
    let showsDeleted: Bool

    /// - Parameter custom: what the workspace has added to the records; JSON has it as one value.
    func printer(_ custom: CustomFieldKinds? = nil) -> RecordPrinter {
        RecordPrinter(
            format: format == .sheet ? .sheet : .csv, columns: columns ?? [], showsIDs: showsIDs,
            custom: format == .json && columns == nil ? nil : custom)
    }
}

/// Where an export goes on that was interrupted. It lies beside the file that is not complete.
struct ExportPlace: Codable, Equatable, Sendable {
    let order: ExportOrder
    /// Names of the columns: a later command line may know more fields.
    let columns: [String]
    /// The server's, of the last answer that was written.
    let token: String
    /// Records that are written, and of their texts those that may be formulas.
    let count, formulaCount: Int
    /// Bytes of the file that hold them. What may be behind came in part only.
    var bytes: Int
}
