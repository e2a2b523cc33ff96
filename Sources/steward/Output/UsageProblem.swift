/// Something that the user of the command line can put right.
struct UsageProblem: Error, CustomStringConvertible {
    let text: String
    /// What to do next.
    var cure: String
    /// 1; 64 (EX_USAGE of sysexits.h) when the command itself is not known.
    let exitCode: Int32

    init(_ text: String, cure: String, exitCode: Int32 = 1) {
        self.text = text
        self.cure = cure
        self.exitCode = exitCode
    }

    var description: String { "\(text)\n  next: \(cure)" }
}
