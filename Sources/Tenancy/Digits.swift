/// Writes short texts of numbers, such as days and moments: as strings put together they took longer than all else of a ledger row.
struct Digits {
    /// The longest text: a moment of a year with six digits, and room to spare.
    private static let bytesMax = 48

    private let bytes: UnsafeMutableBufferPointer<UInt8>
    private var count = 0

    /// The text that `body` writes.
    static func text(_ body: (inout Digits) -> Void) -> String {
        String(unsafeUninitializedCapacity: bytesMax) { bytes in
            var digits = Digits(bytes: bytes)
            body(&digits)
            return digits.count
        }
    }

    private init(bytes: UnsafeMutableBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func put(_ mark: Unicode.Scalar) {
        bytes[count] = UInt8(ascii: mark)
        count += 1
    }

    /// The number with at least `width` digits.
    mutating func put(_ number: Int, _ width: Int) {
        if number < 0 { put("-") }
        var (left, digitCount) = (number.magnitude, width)
        while left >= Digits.powers[digitCount] { digitCount += 1 }
        for position in (count..<count + digitCount).reversed() {
            bytes[position] = UInt8(ascii: "0") + UInt8(left % 10)
            left /= 10
        }
        count += digitCount
    }

    /// Powers of ten: a number below the one at `n` has `n` digits at most.
    private static let powers: [UInt] = (0..<20).map { (0..<$0).reduce(1) { power, _ in power * 10 } }

    /// Takes the zeros off the end.
    mutating func dropZeros() {
        while count > 0, bytes[count - 1] == UInt8(ascii: "0") { count -= 1 }
    }
}
