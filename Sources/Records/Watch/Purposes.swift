import Tenancy

// What the engine does by itself.
extension Purpose {
    /// Reads the feed for those who watch; each is told what his own rights let him see.
    static let watchRecords = Purpose("watch_records")
}
