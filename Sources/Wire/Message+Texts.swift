import CProtobufC

extension Message {
    /// Throws `nulInText`, which names the field, when a text was set that holds a NUL: C strings end at one, so that the message
    /// does not hold what was meant. Costs nothing when no such text was set in the arena.
    package func checkTexts() throws(WireError) {
        guard !arena.nulTexts.isEmpty, let path = nulPath() else { return }
        throw WireError(.nulInText, fieldPath: path, offset: nil)
    }

    /// As in contact_points.value.
    private func nulPath() -> String? {
        for field in descriptor.fields where has(field) {
            switch field.kind {
            case .string:
                if texts(field).contains(where: arena.nulTexts.contains) { return field.name }
            case .message:
                let parts = field.isRepeated ? messages(field) : message(field).map { [$0] } ?? []
                if let rest = parts.lazy.compactMap({ $0.nulPath() }).first { return "\(field.name).\(rest)" }
            default: continue
            }
        }
        return nil
    }

    private func texts(_ field: FieldDescriptor) -> [UnsafeMutablePointer<CChar>] {
        let all = field.isRepeated ? (0..<count(field)).map { utf8(field, at: $0) } : utf8(field).map { [$0] } ?? []
        return all.compactMap {
            $0.baseAddress.map { UnsafeMutableRawPointer(mutating: $0).assumingMemoryBound(to: CChar.self) }
        }
    }
}
