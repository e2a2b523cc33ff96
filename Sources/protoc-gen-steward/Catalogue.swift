/// All that is known while the files are made: what names refer to, and what is made at all.
struct Catalogue {
    /// Stands for Tenancy.Timestamp in Swift and is not made.
    static let timestamp = "google.protobuf.Timestamp"

    let files: [ProtoFile]
    /// The modules that something is made of, in the order of their names.
    let modules: [String]
    private let messages: [String: ProtoMessage]
    private let enumNames: Set<String>
    private let moduleTable: ModuleTable
    private let standardTypes: [String: String]
    /// Of what is made, by full name.
    private let moduleByName: [String: String]
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
        let table = ModuleTable(files)
        moduleTable = table
        modules = Set(wanted.map(table.module)).sorted()
        moduleByName = Dictionary(
            wanted.flatMap { file in file.names.map { ($0, table.module(of: file)) } },
            uniquingKeysWith: { first, _ in first })
        standardTypes = Catalogue.standardTypes(wanted.flatMap(\.messages))
        try refuseDuplicates(wanted)
        try refuseUnknownTypes()
        try refuseImports(wanted)
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

    /// The Swift module that a file is made in.
    func module(of file: ProtoFile) -> String { moduleTable.module(of: file) }

    /// The C that its values are read from.
    func cModule(of file: ProtoFile) -> String { moduleTable.cModule(of: file) }

    /// What Swift calls a message, enum or service in a module, or a service's part with a suffix: its short name, and before it the
    /// module where that alone would mean another one.
    func swiftName(_ fullName: String, _ suffix: String = "", in module: String) -> String {
        let short = fullName.lastNamePart
        let owner = moduleByName[fullName] ?? module
        let namesakes = moduleByName.filter { $0.key.lastNamePart == short }.map(\.value)
        let isClear = owner == module || !namesakes.contains(module) && namesakes.count <= 1
        return (isClear ? "" : owner + ".") + short + suffix
    }

    /// The Swift module that a message is made in.
    func module(of message: ProtoMessage) -> String { moduleByName[message.fullName] ?? ModuleTable.shared }

    /// Of the module that all share.
    func isShared(_ kind: ProtoField.Kind) -> Bool {
        switch kind {
        case .message(let name), .enumeration(let name): moduleByName[name] == ModuleTable.shared
        default: false
        }
    }

    /// The records in the order of their names.
    var records: [ProtoMessage] {
        messages.values.filter { $0.record != nil }.sorted { $0.fullName < $1.fullName }
    }

    /// The Swift type of a standard request or response, or of what stands in one, as in GetRequest<Account>; nil for other messages. Such types are written by
    /// hand, once for all records.
    func standardType(of message: String) -> String? { standardTypes[message] }

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

    private static func standardTypes(_ messages: [ProtoMessage]) -> [String: String] {
        var types: [String: String] = [:]
        for message in messages {
            guard let record = message.record else { continue }
            let noun = message.fullName.lastNamePart
            types[message.fullName + "HistoryEntry"] = "HistoryEntry<\(noun)>"
            for (kind, method) in record.standardMethods(of: noun) {
                let name = message.fullName.dropLast(noun.count) + method
                let (request, response) = (
                    "\(Names.capitalized(kind))Request<\(noun)>", "\(Names.capitalized(kind))Response<\(noun)>"
                )
                types[name + "Request"] = record.isDefinedByWorkspace ? "ObjectRequest<\(request)>" : request
                types[name + "Response"] = response
            }
        }
        return types
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

    /// The short names of a module; another may have the same.
    private func refuseDuplicates(_ wanted: [ProtoFile]) throws {
        var owners: [String: String] = [:]
        for file in wanted {
            for name in file.names where !pruned.contains(name) {
                let short = "\(module(of: file)).\(name.lastNamePart)"
                if let other = owners.updateValue(name, forKey: short) {
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
            if let other = owners.updateValue(message.fullName, forKey: record.plural), other != message.fullName {
                throw GeneratorError("\(message.fullName) is a record called as \(other); rename one of them")
            }
            if let key = record.key, !message.fields.contains(where: { $0.name == key }) {
                throw GeneratorError("\(message.fullName) has no field \(key), by which Upsert could find it")
            }
            for (kind, name) in record.standardMethods(of: message.fullName.lastNamePart) {
                let method = service(of: message)?.methods.first { $0.name == name }
                let streams = ProtoRecord.streams.contains(kind)
                guard let method, !method.clientStreams, method.serverStreams == streams else {
                    throw GeneratorError(
                        "\(message.fullName) is a record, but \(message.fullName)Service has no "
                            + "\(streams ? "server-streaming" : "unary") method \(name); "
                            + "add it, or correct the plural")
                }
                guard standardTypes[method.request] != nil, standardTypes[method.response] != nil else {
                    throw GeneratorError(
                        "\(message.fullName)Service/\(name) has messages of its own; write \(name)Request and "
                            + "\(name)Response, as proto/record.template does")
                }
            }
        }
    }

    /// A module of one service is not seen by another's; what two services need is shared.
    private func refuseImports(_ wanted: [ProtoFile]) throws {
        for file in wanted where module(of: file) != ModuleTable.shared {
            for other in files where file.dependencies.contains(other.path) {
                guard [module(of: file), ModuleTable.shared].contains(module(of: other)) else {
                    throw GeneratorError(
                        "\(file.path) imports \(other.path), which is of another service; "
                            + "move what both need to steward/type")
                }
            }
        }
    }

    private func refuseUnknownTypes() throws {
        for message in messages.values where standardTypes[message.fullName] == nil {
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
