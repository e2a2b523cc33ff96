/// Several texts as one: side by side with commas between, or as a JSON array where a reader would take that for others.
enum ListText {
    static func text(_ elements: [String]) -> String {
        guard elements.contains(where: { $0.contains(",") || isJSON($0) }) else {
            return elements.joined(separator: ", ")
        }
        return JSONText.line(JSONText.array(elements.map { JSONText.quoted($0) }))
    }

    /// The elements of a JSON array of texts; nil for any other text.
    static func elements(_ text: String) -> [String]? {
        guard text.hasPrefix("["), case .array(let values)? = try? JSONValue(text: text) else { return nil }
        let texts = values.compactMap { value in if case .string(let text) = value { text } else { nil } }
        return texts.count == values.count ? texts : nil
    }

    /// The value of a list that begins so is read as JSON.
    static func isJSON(_ text: String) -> Bool { text.hasPrefix("[") || text.hasPrefix("{") }
}
