/// Something that the user of the command line can put right.
struct UsageProblem: Error, CustomStringConvertible {
    let text: String
    /// What to do next.
    let cure: String

    init(_ text: String, cure: String) {
        self.text = text
        self.cure = cure
    }

    var description: String { "\(text)\n  next: \(cure)" }
}
