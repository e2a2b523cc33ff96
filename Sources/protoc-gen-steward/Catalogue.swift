/// All that is known while the files are made: what names refer to, and what is made at all.
struct Catalogue {
    /// Stands for Tenancy.Timestamp in Swift and is not made.
    static let timestamp = "google.protobuf.Timestamp"

    let files: [ProtoFile]
    private let messages: [String: ProtoMessage]
    private let enumNames: Set<String>
    private let pruned: Set<String>

    /// - Parameter prunedPackage: of its messages and enums only those are made that a service or a file of
    /// another
    ///   package reaches.
    init(files: [ProtoFile], prunedPackage: String?) throws {
        self.files = files
        let wanted = files.filter(\.isWanted)
        messages = Dictionary(
            wanted.flatMap(\.messages).map { ($0.fullName, $0) }, uniquingKeysWith: { first, _ in first })
        enumNames = Set(wanted.flatMap(\.enums).map(\.fullName))
        pruned = Catalogue.unreached(in: prunedPackage, wanted, messages)
        try refuseDuplicates(wanted)
        try refuseUnknownTypes()
        try refuseRecordsWithoutMethods()
    }

    /// The messages of a file that are made.
    func messages(of file: ProtoFile) -> [ProtoMessage] {
        file.messages.filter { !pruned.contains($0.fullName) }
    }

    /// The enums of a file that are made.
    func enums(of file: ProtoFile) -> [ProtoEnum] {
        file.enums.filter { !pruned.contains($0.fullName) }
    }

    /// The records in the order of their names.
    var records: [ProtoMessage] {
        messages.values.filter { $0.record != nil }.sorted { $0.fullName < $1.fullName }
    }

    /// The service of a record type.
    func service(of record: ProtoMessage) -> ProtoService? {
        files.flatMap(\.services).first { $0.fullName == record.fullName + "Service" }
    }

    /// The methods of a service that the engine of records does not serve: all but the standard ones of a record type.
    func customMethods(of service: ProtoService) -> [ProtoMethod] {
        guard let message = record(of: service), let record = message.record else { return service.methods }
        let standard = record.standardMethods(of: message.fullName.lastNamePart).map(\.name)
        return service.methods.filter { !standard.contains($0.name) }
    }

    private func record(of service: ProtoService) -> ProtoMessage? {
        guard service.fullName.hasSuffix("Service") else { return nil }
        return messages[String(service.fullName.dropLast("Service".count))]
    }

    /// A singular message field through which a value would contain itself; Swift needs a level between.
    func isRecursive(_ field: ProtoField, in message: ProtoMessage) -> Bool {
        guard case .message(let target) = field.kind, !field.isRepeated else { return false }
        var open = [target]
        var seen: Set<String> = []
        while let name = open.popLast() {
            if name == message.fullName { return true }
            guard seen.insert(name).inserted else { continue }
            for inner in messages[name]?.fields ?? [] where !inner.isRepeated {
                if case .message(let next) = inner.kind { open.append(next) }
            }
        }
        return false
    }

    private static func unreached(
        in package: String?, _ files: [ProtoFile], _ messages: [String: ProtoMessage]
    ) -> Set<String> {
        guard let package else { return [] }
        var open = files.flatMap(\.services).flatMap(\.methods).flatMap { [$0.request, $0.response] }
        open += files.filter { $0.package != package }.flatMap(\.messages).map(\.fullName)
        var reached: Set<String> = []
        while let name = open.popLast() {
            guard reached.insert(name).inserted else { continue }
            for field in messages[name]?.fields ?? [] {
                switch field.kind {
                case .message(let type), .enumeration(let type): open.append(type)
                default: break
                }
            }
        }
        let all = files.filter { $0.package == package }.flatMap { file in
            file.messages.map(\.fullName) + file.enums.map(\.fullName)
        }
        return Set(all).subtracting(reached)
    }

    /// All short names live in one Swift module.
    private func refuseDuplicates(_ wanted: [ProtoFile]) throws {
        var owners: [String: String] = [:]
        for file in wanted {
            let names =
                messages(of: file).map(\.fullName) + enums(of: file).map(\.fullName)
                + file.services.map(\.fullName)
            for name in names {
                if let other = owners.updateValue(name, forKey: name.lastNamePart) {
                    throw GeneratorError("\(name) has the short name of \(other); rename one of them")
                }
            }
        }
    }

    /// A slip of the pen in a plural or in the name of a method would else make it a custom one.
    private func refuseRecordsWithoutMethods() throws {
        var owners: [String: String] = [:]
        for message in records {
            guard let record = message.record else { continue }
            if let other = owners.updateValue(message.fullName, forKey: record.object) {
                throw GeneratorError("\(message.fullName) is a record called as \(other); rename one of them")
            }
            let methods = service(of: message)?.methods.filter { !$0.clientStreams && !$0.serverStreams }.map(\.name)
            for (_, name) in record.standardMethods(of: message.fullName.lastNamePart)
            where methods?.contains(name) != true {
                throw GeneratorError(
                    "\(message.fullName) is a record, but \(message.fullName)Service has no unary method \(name); "
                        + "add it, or correct the plural")
            }
        }
    }

    private func refuseUnknownTypes() throws {
        for message in messages.values {
            for field in message.fields {
                switch field.kind {
                case .message(let type) where messages[type] == nil && type != Catalogue.timestamp:
                    throw GeneratorError(
                        "\(message.fullName).\(field.name): \(type) is not among the files to make")
                case .enumeration(let type) where !enumNames.contains(type):
                    throw GeneratorError(
                        "\(message.fullName).\(field.name): \(type) is not among the files to make")
                default: break
                }
            }
        }
    }
}
