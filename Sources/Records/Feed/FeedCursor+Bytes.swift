import Tenancy

// A cursor as bytes: a version, then numbers of seven bits a byte; ids of running transactions as the distance from the one before. Version 1
// lacks the number at the end.
extension FeedCursor {
    private static let version: UInt8 = 2
    /// Longest cursor that is looked at: some 5,000 transactions that write at once in the whole server.
    static let bytesMax = 12 * 1024

    var bytes: [UInt8] {
        var writer = NumberWriter()
        writer.bytes = [FeedCursor.version] + tenantID.id.bytes
        writer.append(UInt64(service.rawValue.utf8.count))
        writer.bytes += service.rawValue.utf8
        writer.append(UInt64(bitPattern: epoch))
        writer.append(UInt64(timeline ?? 0))
        writer.append(seen)
        for number in [floor, told, mark?.position ?? 0] { writer.append(UInt64(bitPattern: number)) }
        if let mark { writer.append(mark.next) }
        writer.append(UInt64(bitPattern: page?.position ?? 0))
        if let page {
            writer.append(page.next ?? 0)
            writer.append(page.snapshot)
        }
        writer.append(next ?? 0)
        return writer.bytes
    }

    /// Nil for what `bytes` did not make.
    init?(_ bytes: [UInt8]) {
        guard bytes.count <= FeedCursor.bytesMax, let version = bytes.first, (1...FeedCursor.version).contains(version)
        else { return nil }
        var reader = NumberReader(rest: bytes.dropFirst())
        guard let tenant = reader.take(16).flatMap({ bytes in bytes.withUnsafeBytes { RecordID(bytes: $0) } }),
            let nameCount = reader.number(), let name = reader.take(nameCount),
            let service = ServiceName(rawValue: String(decoding: name, as: UTF8.self)),
            let epoch = reader.position(), let timeline = reader.number().flatMap(UInt32.init(exactly:)),
            let seen = reader.snapshot(), let floor = reader.position(), let told = reader.position(),
            let mark = reader.mark(), let page = reader.page(), let next = version == 1 ? 0 : reader.number(),
            reader.rest.isEmpty
        else { return nil }
        self.init(
            tenantID: TenantID(tenant), service: service, epoch: epoch, timeline: timeline == 0 ? nil : timeline,
            seen: seen, floor: floor, told: told, mark: mark, page: page, next: next == 0 ? nil : next)
    }
}

private struct NumberWriter {
    var bytes: [UInt8] = []

    mutating func append(_ number: UInt64) {
        var rest = number
        while rest > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func append(_ snapshot: FeedSnapshot) {
        append(snapshot.xmin)
        append(snapshot.xmax - snapshot.xmin)
        append(UInt64(snapshot.running.count))
        var last = snapshot.xmin
        for id in snapshot.running {
            append(id - last)
            last = id
        }
    }
}

private struct NumberReader {
    var rest: ArraySlice<UInt8>

    mutating func take(_ count: UInt64) -> [UInt8]? {
        guard count <= UInt64(rest.count) else { return nil }
        defer { rest = rest.dropFirst(Int(count)) }
        return Array(rest.prefix(Int(count)))
    }

    mutating func number() -> UInt64? {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            let bits = UInt64(byte & 0x7F)
            guard (bits << shift) >> shift == bits else { return nil }
            number |= bits << shift
            if byte < 0x80 { return number }
        }
        return nil
    }

    mutating func position() -> Int64? { number().flatMap(Int64.init(exactly:)) }

    mutating func snapshot() -> FeedSnapshot? {
        guard let xmin = number(), let span = number(), let count = number(), count <= UInt64(rest.count) else {
            return nil
        }
        let (xmax, overflows) = xmin.addingReportingOverflow(span)
        var (running, last): ([UInt64], UInt64) = ([], xmin)
        for _ in 0..<count {
            guard let distance = number(), distance <= span else { return nil }
            last += distance
            guard last < xmax else { return nil }
            running.append(last)
        }
        return overflows ? nil : FeedSnapshot(checking: xmin, xmax, running)
    }

    /// Nil for what is none; a value that is nil where none is told.
    mutating func mark() -> FeedCursor.Mark?? {
        guard let position = position() else { return nil }
        guard position > 0 else { return .some(nil) }
        return number().map { FeedCursor.Mark(position: position, next: $0) }
    }

    mutating func page() -> FeedCursor.Page?? {
        guard let position = position() else { return nil }
        guard position > 0 else { return .some(nil) }
        guard let next = number(), let snapshot = snapshot() else { return nil }
        return FeedCursor.Page(snapshot: snapshot, next: next == 0 ? nil : next, position: position)
    }
}
