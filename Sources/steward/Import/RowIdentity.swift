import Credentials
import Glibc
import Tenancy

/// Makes the id of a record from the row that it is imported from: whoever imports the row again, in the same file or another one,
/// after any end of the import before, finds that the record is there. Equal rows of one import are several records: the second
/// has another id than the first, and the same one at the next import.
///
/// The id is a keyed hash, so that it tells nobody what the row holds, fields that a role hides among them. The key is in
/// `$STEWARD_HOME/import.key`; another user, or another machine, has another key and makes other ids.
struct RowIdentity {
    private let key: MACKey
    /// Workspace and kind of record.
    private let place: [String]
    /// How often a row has come, by the id of its first occurrence.
    private var counts: [RecordID: Int] = [:]

    private static let keyBytes = 32

    /// Reads the key, or makes it at the first import.
    static func load(workspace: String, noun: String) throws -> RowIdentity {
        let path = "\(Profile.home())/import.key"
        if access(path, F_OK) != 0 { try makeKey(path) }
        return RowIdentity(key: try MACKey(try PrivateFile.read(path)), place: [workspace, noun])
    }

    init(key: MACKey, place: [String]) {
        self.key = key
        self.place = place
    }

    /// The id of the next row of an import.
    mutating func nextID(of cells: [(path: String, text: String)]) throws -> RecordID {
        let first = try id(of: cells)
        let occurrence = counts[first, default: 0] + 1
        counts[first] = occurrence
        return occurrence == 1 ? first : try id(of: cells, occurrence: occurrence)
    }

    /// The id of a row. The order of the columns, and columns that it leaves empty, do not matter.
    /// - Parameter occurrence: how many equal rows there are up to this one, from 1.
    func id(of cells: [(path: String, text: String)], occurrence: Int = 1) throws -> RecordID {
        var bytes: [UInt8] = []
        for part in place { Self.append(part, to: &bytes) }
        // A list's parts keep their order: the first of two addresses is another record than the second of them.
        let sorted = cells.filter { !$0.text.isEmpty }.enumerated().sorted {
            ($0.element.path, $0.offset) < ($1.element.path, $1.offset)
        }
        for (_, cell) in sorted {
            Self.append(cell.path, to: &bytes)
            Self.append(cell.text, to: &bytes)
        }
        if occurrence > 1 {
            // No column has an empty path.
            Self.append("", to: &bytes)
            Self.append(String(occurrence), to: &bytes)
        }
        var id = Array(try key.code(for: bytes).prefix(16))
        // Version 8: what the bits mean is the maker's affair (RFC 9562, section 5.8).
        id[6] = id[6] & 0x0f | 0x80
        id[8] = id[8] & 0x3f | 0x80
        return RecordID(bytes: id) ?? RecordID.make()
    }

    /// With its length before it, so that two texts cannot be taken for two others.
    private static func append(_ text: String, to bytes: inout [UInt8]) {
        let utf8 = Array(text.utf8)
        withUnsafeBytes(of: UInt64(utf8.count).bigEndian) { bytes.append(contentsOf: $0) }
        bytes += utf8
    }

    /// Two imports that begin at once agree on one key: the file appears whole, and once.
    private static func makeKey(_ path: String) throws {
        let temporary = "\(path).\(getpid())"
        try PrivateFile.write(try RandomToken.make(bytes: keyBytes), to: temporary)
        defer { unlink(temporary) }
        guard link(temporary, path) == 0 || errno == EEXIST else {
            throw UsageProblem(
                "the key \(path) cannot be made: \(String(cString: strerror(errno)))",
                cure: "name another folder in STEWARD_HOME")
        }
    }
}
