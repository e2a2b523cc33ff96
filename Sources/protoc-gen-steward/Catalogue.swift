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
    }

    /// The messages of a file that are made.
    func messages(of file: ProtoFile) -> [ProtoMessage] {
        file.messages.filter { !pruned.contains($0.fullName) }
    }

    /// The enums of a file that are made.
    func enums(of file: ProtoFile) -> [ProtoEnum] {
        file.enums.filter { !pruned.contains($0.fullName) }
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
