// Reading what protobuf-c unpacked.

/// An absent string is an empty one.
func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String {
    pointer.map { String(cString: $0) } ?? ""
}

/// The elements of a repeated string.
func texts(_ array: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int) -> [String] {
    elements(array, count).map { String(cString: $0) }
}

/// The elements of a repeated message.
func elements<Element>(
    _ array: UnsafeMutablePointer<UnsafeMutablePointer<Element>?>?, _ count: Int
) -> [UnsafeMutablePointer<Element>] {
    UnsafeBufferPointer(start: array, count: count).compactMap { $0 }
}
