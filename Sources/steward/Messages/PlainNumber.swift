/// Numbers with a decimal point, as people type them. What may as well be thousands is refused, as it is of money.
enum PlainNumber {
    struct Problem: Error {
        let text: String
        let cure: String
    }

    static func read(_ text: String) throws(Problem) -> Double {
        if let (whole, fraction) = thousands(text) {
            let zeros = fraction.allSatisfy { $0 == "0" }
            throw Problem(
                text: "\(text) may mean \(whole)\(fraction) or \(whole) and a fraction",
                cure: "write \(whole)\(fraction) or \(zeros ? whole : "\(whole).\(fraction)0")")
        }
        if let number = Double(text) { return number }
        let pointed = text.replacing(",", with: ".")
        let isDecimal = pointed != text && Double(pointed) != nil
        throw Problem(
            text: "\(text) is not a number", cure: isDecimal ? "write it with a point, \(pointed)" : "write it as 12.5")
    }

    /// A number that a program has written, with one more digit where it could be taken for thousands.
    static func text(_ number: String) -> String { thousands(number) == nil ? number : number + "0" }

    /// One to three digits, a point or a comma and three more.
    private static func thousands(_ text: String) -> (whole: String, fraction: String)? {
        text.wholeMatch(of: /(-?[1-9][0-9]{0,2})[.,]([0-9]{3})/).map { (String($0.1), String($0.2)) }
    }
}
