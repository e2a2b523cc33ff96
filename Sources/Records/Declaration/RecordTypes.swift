/// The record types of a service, and what it keeps of records of other services.
struct RecordTypes: Sendable {
    /// By object.
    let kept: [String: RecordType]
    /// Mirrors, by the object of the other service.
    let mirrored: [String: RecordType]

    init(_ kept: [RecordType], mirrored: [RecordType] = []) {
        self.kept = Dictionary(kept.map { ($0.object, $0) }, uniquingKeysWith: { first, _ in first })
        self.mirrored = Dictionary(mirrored.map { ($0.object, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The type of the records that a reference names; nil when nothing is known of them here.
    func type(named target: ReferenceTarget?) -> RecordType? {
        switch target {
        case .record(let object): kept[object]
        case .remote(let object, _): mirrored[object]
        case .user, .department, nil: nil
        }
    }
}
