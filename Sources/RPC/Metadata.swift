/// Free key-value pairs beside a message. Few entries, in the order sent; a key may occur more than once.
public struct Metadata: Sendable, Hashable {
    /// One pair. Keys are 1 to 64 characters of a-z, 0-9, - and _.
    public struct Entry: Sendable, Hashable {
        public var key: String
        public var value: [UInt8]
    }

    /// The pairs.
    public private(set) var entries: [Entry] = []

    public init() {}

    /// The first value under the key.
    public subscript(_ key: String) -> [UInt8]? {
        for entry in entries where entry.key == key { return entry.value }
        return nil
    }

    /// The first value under the key, if it is UTF-8.
    public func text(_ key: String) -> String? {
        self[key].flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// Adds a pair.
    public mutating func append(_ key: String, _ value: [UInt8]) {
        entries.append(Entry(key: key, value: value))
    }

    /// Adds a pair of text.
    public mutating func append(_ key: String, _ value: String) {
        append(key, Array(value.utf8))
    }

    /// There is nothing.
    public var isEmpty: Bool { entries.isEmpty }
}
