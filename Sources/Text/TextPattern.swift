import CICU

/// A regular expression of ICU that fits a text as a whole or not. What it may cost is bounded, whatever the pattern and the text: to compile some 2 ms,
/// to compare with a text of `textLengthMax` characters some 5 ms, since it goes back over what it tried at most some 10,000 times. Neither holds of
/// back references, so there are none.
package final class TextPattern: Sendable {
    /// What a pattern says of a text.
    package enum Answer: Sendable {
        case fits, differs
        /// It would take more than is allowed to tell.
        case tooSlow
    }

    /// Why a text is no pattern.
    package struct Fault: Error, Hashable, Sendable {
        /// The character at which it was noticed, from 1.
        package let position: Int
        /// What is wrong, as the end of a sentence: "a parenthesis is not closed".
        package let text: String
    }

    /// Most characters (Unicode scalars) of a pattern.
    package static let lengthMax = 500

    /// Most characters of a text that is compared with one: from a place that it comes back to it may look at all of them again.
    package static let textLengthMax = 1_000

    // SAFETY: never changed after it was opened; matching makes a copy of its own, which ICU allows on any thread.
    private struct Compiled: @unchecked Sendable { let pointer: UnsafeMutableRawPointer }
    private let compiled: Compiled

    package init(_ text: String) throws(Fault) {
        if let fault = PatternCost.fault(text) { throw fault }
        let units = Array(text.utf16)
        var offset: Int32 = 0
        var name: UnsafePointer<CChar>?
        guard let pointer = steward_pattern(units, Int32(units.count), &offset, &name) else {
            let before = String(decoding: units.prefix(max(0, Int(offset))), as: UTF16.self).unicodeScalars.count
            throw Fault(position: max(1, before), text: Self.fault(name.map { String(cString: $0) } ?? ""))
        }
        compiled = Compiled(pointer: pointer)
    }

    deinit { steward_close_pattern(compiled.pointer) }

    package func answer(_ text: String) -> Answer {
        let units = Array(text.utf16)
        return switch steward_fits(compiled.pointer, units, Int32(units.count), Self.stepsMax, Self.bytesMax) {
        case 0: .differs
        case 1: .fits
        default: .tooSlow
        }
    }

    /// ICU counts a step for 10,000 states that it keeps to come back to.
    private static let stepsMax: Int32 = 1
    /// Of the states that it keeps: 10,000 characters with a group each.
    private static let bytesMax: Int32 = 4 << 20

    private static func fault(_ name: String) -> String {
        switch name {
        case "U_REGEX_MISMATCHED_PAREN": "a parenthesis is not closed, or not opened"
        case "U_REGEX_MISSING_CLOSE_BRACKET": "a bracket [ is not closed"
        case "U_REGEX_BAD_ESCAPE_SEQUENCE": "a backslash stands before a letter that means nothing with it"
        case "U_REGEX_PROPERTY_SYNTAX": "\\p and \\P take a property in braces, as in \\p{Letter}"
        case "U_REGEX_BAD_INTERVAL": "braces hold how often, as in {2} or {1,5}; write \\{ for a brace"
        case "U_REGEX_MAX_LT_MIN": "in {least,most} the most is less than the least"
        case "U_REGEX_NUMBER_TOO_BIG": "a number is too large"
        case "U_REGEX_LOOK_BEHIND_LIMIT": "what is looked for behind must have a longest text: take * and + out of it"
        case "U_REGEX_INVALID_RANGE": "the end of a range comes before its beginning"
        case "U_REGEX_SET_CONTAINS_STRING": "a set in brackets holds single characters"
        case "U_REGEX_INVALID_CAPTURE_GROUP_NAME": "the name of a group is unknown or not allowed"
        case "U_REGEX_PATTERN_TOO_BIG": "it is too large when it is repeated as often as it says"
        default: "a character stands where none like it may stand; write \\ before one that is meant literally"
        }
    }
}
