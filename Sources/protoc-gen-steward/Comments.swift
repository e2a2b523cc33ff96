import CPlugin

/// The comments of a proto file by the path of what they explain, as SourceCodeInfo counts it.
struct Comments {
    private var leading: [[Int32]: String] = [:]

    init(_ file: UnsafeMutablePointer<Google__Protobuf__FileDescriptorProto>) {
        guard let info = file.pointee.source_code_info else { return }
        for location in elements(info.pointee.location, info.pointee.n_location) {
            guard let comment = location.pointee.leading_comments else { continue }
            let path = Array(
                UnsafeBufferPointer(start: location.pointee.path, count: location.pointee.n_path))
            leading[path] = text(comment)
        }
    }

    static func isCommented(_ location: UnsafeMutablePointer<Google__Protobuf__SourceCodeInfo__Location>)
        -> Bool
    {
        location.pointee.leading_comments != nil || location.pointee.trailing_comments != nil
    }

    /// The lines of the comment, each without its first blank.
    func lines(_ path: [Int32]) -> [String] {
        guard let comment = leading[path] else { return [] }
        var lines = comment.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            var line = line.hasPrefix(" ") ? line.dropFirst() : line
            while line.last?.isWhitespace == true { line.removeLast() }
            return String(line)
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }
}
