import Tenancy

/// Makes the numbers that stand for what a record is found by. A number says of which kind of record, which field and what of it, so a search by
/// fields that its caller may read does not touch what is known of others.
///
/// Numbers are stored: the same for ever, or `SearchTerms.form` changes. Two terms have the same number once in some thousand millions, so whoever
/// finds a record by one looks at its values.
struct SearchTerm: Sendable, Hashable {
    /// What of a field's value it is.
    enum Kind: UInt8, Sendable {
        /// A word, and the beginnings of words.
        case word = 1, beginning
        /// A word with at most one letter left out: two words with one in common are alike.
        case alike
        /// A character of Chinese, and two that follow each other.
        case character, pair
        /// The beginning of what follows a character, as it is read and by the first letters of its syllables.
        case reading, initials
        /// The end of a phone number.
        case ending
        /// All of the value.
        case whole
    }

    private let seed: UInt64

    init(_ object: String, _ field: String) {
        seed = Self.hash([object, field])
    }

    /// A number of texts of an object.
    static func number(of texts: [String], in object: String) -> Int64 {
        Int64(bitPattern: hash([object] + texts))
    }

    private static func hash(_ texts: [String]) -> UInt64 {
        var hash = offset
        for (index, text) in texts.enumerated() {
            if index > 0 { mix(0, into: &hash) }
            for byte in text.utf8 { mix(UInt64(byte), into: &hash) }
        }
        return hash
    }

    func number(_ kind: Kind, _ units: some Sequence<UInt16>) -> Int32 {
        var hash = seed
        Self.mix(UInt64(kind.rawValue), into: &hash)
        for unit in units { Self.mix(UInt64(unit), into: &hash) }
        return Self.number(hash)
    }

    /// That of records of an owner, whatever their kind, and of a department.
    static func owner(_ id: RecordID) -> Int32 { number(id, of: 1) }
    static func department(_ id: RecordID) -> Int32 { number(id, of: 2) }

    /// That of records that are shared with a user, a department or a role.
    static func shared(with id: RecordID) -> Int32 { number(id, of: 4) }

    /// That of records with a tag.
    static func tag(_ id: RecordID) -> Int32 { number(id, of: 5) }

    /// That of records that a sharing rule selects.
    static func selection(_ id: RecordID) -> Int32 { number(id, of: 6) }

    /// Records in a sample of a 256th, and in one of a 16th which holds it: by their ids, so the same whoever looks.
    static let smallSample: Int32 = 1
    static let largeSample: Int32 = 2

    static func samples(of id: RecordID) -> [Int32] {
        let place = number(id, of: 3)
        if place & 0xff == 0 { return [smallSample, largeSample] }
        return place & 0xf == 0 ? [largeSample] : []
    }

    private static func number(_ id: RecordID, of use: UInt64) -> Int32 {
        var hash = offset
        mix(use, into: &hash)
        for byte in id.bytes { mix(UInt64(byte), into: &hash) }
        return number(hash)
    }

    // FNV-1a, and the end of SplitMix64, which lets each bit count.
    private static let offset: UInt64 = 0xcbf2_9ce4_8422_2325

    private static func mix(_ value: UInt64, into hash: inout UInt64) { hash = (hash ^ value) &* 0x100_0000_01b3 }

    private static func number(_ hash: UInt64) -> Int32 {
        var mixed = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        let number = Int32(truncatingIfNeeded: mixed ^ (mixed >> 31))
        // The first are those of samples.
        return (0..<16).contains(number) ? number + 16 : number
    }
}
