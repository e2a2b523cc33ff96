import FoundationEssentials

/// Finds a name that an object of a JSON text gives twice, of which a decoder keeps one silently.
enum JSONNames {
    /// - Parameter text: JSON, as a decoder has accepted it.
    static func double(in text: String) -> String? {
        let bytes = Array(text.utf8)
        // The names of each object that is open; nil for an array.
        var levels: [Set<String>?] = []
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "{"): levels.append(Set<String>())
            case UInt8(ascii: "["): levels.append(nil)
            case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = levels.popLast()
            case UInt8(ascii: "\""):
                let end = endOfString(bytes, from: index)
                if isName(bytes, endingAt: end), !levels.isEmpty {
                    let name = name(bytes[index..<end])
                    if levels[levels.count - 1]?.insert(name).inserted == false { return name }
                }
                index = end
                continue
            default: break
            }
            index += 1
        }
        return nil
    }

    /// Behind the closing quote.
    private static func endOfString(_ bytes: [UInt8], from start: Int) -> Int {
        var index = start + 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(index + 1, bytes.count)
    }

    /// A colon follows names and nothing else.
    private static func isName(_ bytes: [UInt8], endingAt end: Int) -> Bool {
        bytes[end...].first { ![0x20, 0x09, 0x0a, 0x0d].contains($0) } == UInt8(ascii: ":")
    }

    /// Escapes are what they stand for.
    private static func name(_ quoted: ArraySlice<UInt8>) -> String {
        let plain = String(decoding: quoted.dropFirst().dropLast(), as: UTF8.self)
        guard quoted.contains(UInt8(ascii: "\\")) else { return plain }
        return (try? JSONDecoder().decode(String.self, from: Data(quoted))) ?? plain
    }
}
