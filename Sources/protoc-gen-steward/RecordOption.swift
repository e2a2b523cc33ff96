import CPlugin
import CProtobufC

/// Reads the option steward.catalogue.v1.record of a message.
enum RecordOption {
    /// The files that only options need. Of these nothing is made, and reflection does not tell of them.
    static let files: Set<String> = ["google/protobuf/descriptor.proto", "steward/catalogue/v1/record.proto"]

    /// Number of the extension.
    private static let number: UInt32 = 50001

    private typealias CRecordType = Steward__Catalogue__V1__RecordType

    /// The values of steward.catalogue.v1.Category, as Swift names them.
    static let categories = [
        (name: "customer", value: STEWARD__CATALOGUE__V1__CATEGORY__CATEGORY_CUSTOMER),
        (name: "sales", value: STEWARD__CATALOGUE__V1__CATEGORY__CATEGORY_SALES),
        (name: "setup", value: STEWARD__CATALOGUE__V1__CATEGORY__CATEGORY_SETUP),
        (name: "directory", value: STEWARD__CATALOGUE__V1__CATEGORY__CATEGORY_DIRECTORY),
        (name: "administration", value: STEWARD__CATALOGUE__V1__CATEGORY__CATEGORY_ADMINISTRATION),
        (name: "personal", value: STEWARD__CATALOGUE__V1__CATEGORY__CATEGORY_PERSONAL),
    ]

    /// Nil for a message that is no record.
    static func read(
        _ options: UnsafeMutablePointer<Google__Protobuf__MessageOptions>?, of message: String
    ) throws -> ProtoRecord? {
        guard let base = options?.pointee.message_base else { return nil }
        let unknown = UnsafeBufferPointer(start: base.unknown_fields, count: Int(base.n_unknown_fields))
        guard let field = unknown.first(where: { $0.tag == number }) else { return nil }
        let bytes = UnsafeBufferPointer(start: field.data, count: field.len)
        // The data begins with its length, whose bytes have their highest bit set but for the last.
        let value = Array(bytes.drop { $0 >= 0x80 }.dropFirst())
        let descriptor = steward_catalogue_v1_record_type_descriptor()
        guard let unpacked = protobuf_c_message_unpack(descriptor, nil, value.count, value) else {
            throw GeneratorError("\(message): the option steward.catalogue.v1.record is not readable")
        }
        defer { protobuf_c_message_free_unpacked(unpacked, nil) }
        let type = UnsafeMutableRawPointer(unpacked).assumingMemoryBound(to: CRecordType.self).pointee
        return try record(type, of: message)
    }

    private static func record(_ type: CRecordType, of message: String) throws -> ProtoRecord {
        let record = ProtoRecord(
            object: text(type.object), plural: text(type.plural), ownership: try ownership(type, of: message),
            category: try category(type, of: message), key: type.key.map { String(cString: $0) },
            isDefinedByWorkspace: type.has_defined_by_workspace != 0 && type.defined_by_workspace != 0,
            bindableFields: texts(type.bindable_fields, Int(type.n_bindable_fields)))
        let object = Names.lowerSnake(message.lastNamePart)
        guard record.object == object else {
            throw GeneratorError("\(message) is a record called \"\(record.object)\"; call it \(object)")
        }
        guard !record.plural.isEmpty else {
            throw GeneratorError("\(message) is a record without a plural; write what several are called")
        }
        return record
    }

    private static func ownership(_ type: CRecordType, of message: String) throws -> String {
        switch type.ownership {
        case STEWARD__CATALOGUE__V1__OWNERSHIP__OWNERSHIP_OWNED: "owned"
        case STEWARD__CATALOGUE__V1__OWNERSHIP__OWNERSHIP_SHARED: "shared"
        default: throw GeneratorError("\(message) is a record without an ownership; say whose it is")
        }
    }

    private static func category(_ type: CRecordType, of message: String) throws -> String {
        guard let category = categories.first(where: { $0.value == type.category }) else {
            throw GeneratorError("\(message) is a record without a category; say who works with it")
        }
        return category.name
    }
}
