package import CContracts
import CProtobufC
package import Tenancy
package import Wire

// What the generated `write(to:)` call to make what the members of C structs point to.

package func writeMessage<Value: WireMessage, Struct>(_ value: Value, _ arena: Arena) -> UnsafeMutablePointer<Struct> {
    assert(
        MemoryLayout<Struct>.size == Value.descriptor.raw.pointee.sizeof_message,
        "\(Struct.self) is not \(Value.self)")
    return UnsafeMutableRawPointer(value.message(in: arena).raw).assumingMemoryBound(to: Struct.self)
}

package func writeTimestamp(_ time: Timestamp, _ arena: Arena) -> UnsafeMutablePointer<Google__Protobuf__Timestamp> {
    timestampMessage(time, arena).as(Google__Protobuf__Timestamp.self)
}

func timestampMessage(_ time: Timestamp, _ arena: Arena) -> Message {
    let message = Message.make(timestampDescriptor, in: arena)
    let c = message.as(Google__Protobuf__Timestamp.self)
    // nanos counts forward from seconds, before 1970 too.
    let (seconds, rest) = time.microseconds.quotientAndRemainder(dividingBy: 1_000_000)
    c.pointee.seconds = rest < 0 ? seconds - 1 : seconds
    c.pointee.nanos = Int32(rest < 0 ? rest + 1_000_000 : rest) * 1000
    return message
}

package func writeNumbers<Number>(_ numbers: [Number], _ arena: Arena) -> UnsafeMutablePointer<Number>? {
    guard !numbers.isEmpty else { return nil }
    let memory = arena.allocate(numbers.count * MemoryLayout<Number>.stride)
    let array = memory.bindMemory(to: Number.self, capacity: numbers.count)
    array.initialize(from: numbers, count: numbers.count)
    return array
}

package func writePointers<Value, Target>(
    _ values: [Value], _ arena: Arena, _ write: (Value) -> UnsafeMutablePointer<Target>
) -> UnsafeMutablePointer<UnsafeMutablePointer<Target>?>? {
    writeNumbers(values.map { Optional(write($0)) }, arena)
}

private let timestampDescriptor = MessageDescriptor(google_protobuf_timestamp_descriptor())
