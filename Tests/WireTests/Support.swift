import CContracts
import CSampleContracts
import Testing
import Wire

/// Descriptors that the tests use.
enum Sample {
    static let descriptor = MessageDescriptor(steward_sample_v1_sample_descriptor())

    static func field(_ name: String) -> FieldDescriptor {
        guard let field = descriptor.field(name) else { preconditionFailure("no field \(name)") }
        return field
    }
}

let filterDescriptor = MessageDescriptor(steward_type_v1_filter_descriptor())

/// Writes protobuf by hand, well formed or not.
struct Bytes {
    var bytes: [UInt8] = []

    static func varint(_ number: UInt64) -> [UInt8] {
        var rest = number
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    mutating func tag(_ number: UInt32, _ wireType: UInt32) {
        bytes += Bytes.varint(UInt64(number) << 3 | UInt64(wireType))
    }

    mutating func number(_ number: UInt32, _ value: UInt64) {
        tag(number, 0)
        bytes += Bytes.varint(value)
    }

    mutating func body(_ number: UInt32, _ body: [UInt8]) {
        tag(number, 2)
        bytes += Bytes.varint(UInt64(body.count)) + body
    }

    static func body(_ number: UInt32, _ body: [UInt8]) -> [UInt8] {
        var bytes = Bytes()
        bytes.body(number, body)
        return bytes.bytes
    }
}

/// Decodes and gives why it was refused; nil when it was not.
func refusal(
    _ bytes: [UInt8], as descriptor: MessageDescriptor = Sample.descriptor, limits: WireLimits = .default
) -> WireError? {
    let arena = Arena()
    return bytes.withUnsafeBytes { buffer in
        do throws(WireError) {
            _ = try WireCodec.decode(buffer, as: descriptor, arena: arena, limits: limits)
            return nil
        } catch {
            return error
        }
    }
}

/// Decodes what must decode.
func decode(
    _ bytes: [UInt8], as descriptor: MessageDescriptor = Sample.descriptor, arena: Arena = Arena()
) throws -> Message {
    try bytes.withUnsafeBytes { try WireCodec.decode($0, as: descriptor, arena: arena) }
}
