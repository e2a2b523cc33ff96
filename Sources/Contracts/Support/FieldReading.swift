package import CContracts
package import CProtobufC
package import Tenancy
package import Wire

// What the generated initialisers call to read the members of C structs.

package func readString(_ pointer: UnsafeMutablePointer<CChar>?) -> String? {
    pointer.map { String(cString: $0) }
}

package func readStrings(_ array: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int) -> [String] {
    UnsafeBufferPointer(start: array, count: count).compactMap(readString)
}

package func readBytes(_ data: ProtobufCBinaryData) -> [UInt8] {
    Array(UnsafeBufferPointer(start: data.data, count: data.len))
}

package func readNumbers<Number>(_ array: UnsafeMutablePointer<Number>?, _ count: Int) -> [Number] {
    Array(UnsafeBufferPointer(start: array, count: count))
}

package func readBools(_ array: UnsafeMutablePointer<protobuf_c_boolean>?, _ count: Int) -> [Bool] {
    UnsafeBufferPointer(start: array, count: count).map { $0 != 0 }
}

package func readMessage<Value: WireMessage, Struct>(_ pointer: UnsafeMutablePointer<Struct>?, _ arena: Arena)
    -> Value?
{
    guard let pointer else { return nil }
    // Every struct of protobuf-c begins with a ProtobufCMessage.
    let raw = UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: ProtobufCMessage.self)
    return Value(Message(raw: raw, descriptor: Value.descriptor, arena: arena))
}

package func readMessages<Value: WireMessage, Struct>(
    _ array: UnsafeMutablePointer<UnsafeMutablePointer<Struct>?>?, _ count: Int, _ arena: Arena
) -> [Value] {
    UnsafeBufferPointer(start: array, count: count).compactMap { readMessage($0, arena) }
}

/// Times beyond what microseconds in 64 bits hold (the year 294,000) become the last or first one that they
/// do.
package func readTimestamp(_ pointer: UnsafeMutablePointer<Google__Protobuf__Timestamp>?) -> Timestamp? {
    guard let time = pointer?.pointee else { return nil }
    let (seconds, overflow) = time.seconds.multipliedReportingOverflow(by: 1_000_000)
    let (microseconds, overflowToo) = seconds.addingReportingOverflow(Int64(time.nanos / 1000))
    guard !overflow, !overflowToo else { return Timestamp(microseconds: time.seconds < 0 ? .min : .max) }
    return Timestamp(microseconds: microseconds)
}

package func readTimestamps(
    _ array: UnsafeMutablePointer<UnsafeMutablePointer<Google__Protobuf__Timestamp>?>?, _ count: Int
) -> [Timestamp] {
    UnsafeBufferPointer(start: array, count: count).compactMap(readTimestamp)
}

/// What a property of a type that contains itself is kept in: none or one.
package func storage<Value>(of value: Value?) -> [Value] {
    value.map { [$0] } ?? []
}
