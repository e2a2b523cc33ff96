import AccessControl

/// The record types of a service, and what it keeps of records of other services.
struct RecordTypes: Sendable {
    /// By object.
    let kept: [String: RecordType]
    /// What is declared of the objects that workspaces define; nil where the service keeps none.
    let template: RecordType?
    /// Mirrors, by the object of the other service.
    let mirrored: [String: RecordType]

    init(_ kept: [RecordType], mirrored: [RecordType] = []) {
        self.kept = Dictionary(kept.map { ($0.object, $0) }, uniquingKeysWith: { first, _ in first })
        template = kept.first { $0.isTemplate }
        self.mirrored = Dictionary(mirrored.map { ($0.object, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// A kind of records in a workspace, as grants call it; nil for one that another service keeps, and for an object that the workspace has
    /// not defined.
    func type(_ object: String, in model: TenantModel) -> RecordType? {
        guard TenantObject.isObject(object) else { return kept[object].flatMap { $0.isTemplate ? nil : $0 } }
        return template?.shaped(by: model, as: object)
    }

    /// All of them, in the order of their names, those that the workspace has defined last.
    func all(in model: TenantModel) -> [RecordType] {
        let own =
            template.map { template in model.objects.compactMap { template.shaped(by: model, as: $0.object) } } ?? []
        return kept.values.filter { !$0.isTemplate }.sorted { $0.object < $1.object }
            + own.sorted { $0.object < $1.object }
    }

    /// The type of the records that a reference names in a workspace; nil when nothing is known of them here.
    func type(named target: ReferenceTarget?, in model: TenantModel) -> RecordType? {
        switch target {
        case .record(let object): type(object, in: model)
        case .remote(let object, _): mirrored[object]
        case .user, .department, nil: nil
        }
    }
}
