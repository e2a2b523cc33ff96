/// A time of the day to the minute, 00:00 to 24:00.
package struct MinuteOfDay: Hashable, Comparable, Sendable {
    package let minutes: Int

    /// Reads HH:MM, strictly.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 5, bytes[2] == UInt8(ascii: ":") else { return nil }
        let digits = [bytes[0], bytes[1], bytes[3], bytes[4]].map { Int($0) - Int(UInt8(ascii: "0")) }
        guard digits.allSatisfy((0...9).contains) else { return nil }
        let (hour, minute) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
        guard minute < 60, hour * 60 + minute <= WorkPlan.minutesOfDay else { return nil }
        minutes = hour * 60 + minute
    }

    package static func < (left: MinuteOfDay, right: MinuteOfDay) -> Bool { left.minutes < right.minutes }
}
