/// W3C trace context, version 00: which trace a call belongs to and which span called.
package struct TraceContext: Sendable, Hashable {
    /// Trace id, 16 bytes; never all zero.
    package var traceHigh: UInt64
    package var traceLow: UInt64
    /// Id of the calling span; never zero.
    package var spanID: UInt64
    /// The span that `spanID` is within; 0 when that is not known here.
    package var parentID: UInt64 = 0
    /// The caller records this trace.
    package var isSampled: Bool

    package init(traceHigh: UInt64, traceLow: UInt64, spanID: UInt64, isSampled: Bool) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.spanID = spanID
        self.isSampled = isSampled
    }

    /// A new trace.
    package static func make(isSampled: Bool = false) -> TraceContext {
        let (trace, span) = TraceIDs.nextTwo()
        return TraceContext(traceHigh: TraceIDs.process, traceLow: trace, spanID: span, isSampled: isSampled)
    }

    /// A new trace that is recorded or not by its id.
    package static func make(_ sampling: TraceSampling) -> TraceContext {
        var trace = make()
        trace.isSampled = sampling.includes(traceLow: trace.traceLow)
        return trace
    }

    /// The same trace with a span of its own.
    package func child() -> TraceContext {
        var child = self
        child.parentID = spanID
        child.spanID = TraceIDs.next()
        return child
    }

    /// Reads a traceparent, as in 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01; nil if it is not one.
    /// Later versions are read as 00, as the specification asks.
    package init?(parsing bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 55, bytes[2] == Self.dash, bytes[35] == Self.dash, bytes[52] == Self.dash,
            let version = Self.hex(bytes, 0, 2), version != 0xff,
            version == 0 ? bytes.count == 55 : bytes.count == 55 || bytes[55] == Self.dash,
            let high = Self.hex(bytes, 3, 16), let low = Self.hex(bytes, 19, 16), high | low != 0,
            let span = Self.hex(bytes, 36, 16), span != 0, let flags = Self.hex(bytes, 53, 2)
        else { return nil }
        self.init(traceHigh: high, traceLow: low, spanID: span, isSampled: flags & 1 == 1)
    }

    /// The traceparent, 55 characters.
    package var traceParent: String {
        String(unsafeUninitializedCapacity: Self.traceParentBytes) { text in
            write(to: text)
            return Self.traceParentBytes
        }
    }

    /// Lends the traceparent without allocating.
    package func withTraceParent<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.traceParentBytes) { text in
            write(to: text)
            return body(UnsafeRawBufferPointer(text))
        }
    }

    private static let traceParentBytes = 55

    private func write(to text: UnsafeMutableBufferPointer<UInt8>) {
        text.initialize(repeating: Self.dash)
        Self.write(0, 2, text, 0)
        Self.write(traceHigh, 16, text, 3)
        Self.write(traceLow, 16, text, 19)
        Self.write(spanID, 16, text, 36)
        Self.write(isSampled ? 1 : 0, 2, text, 53)
    }

    /// The trace id for logs, 32 hexadecimal digits.
    package var traceIDText: String {
        String(unsafeUninitializedCapacity: 32) { text in
            text.initialize(repeating: Self.dash)
            Self.write(traceHigh, 16, text, 0)
            Self.write(traceLow, 16, text, 16)
            return 32
        }
    }

    private static let dash = UInt8(ascii: "-")

    private static func hex(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ count: Int) -> UInt64? {
        var value: UInt64 = 0
        for index in start..<start + count {
            switch bytes[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(bytes[index] - 48)
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(bytes[index] - 87)
            default: return nil
            }
        }
        return value
    }

    private static func write(
        _ value: UInt64, _ digits: Int, _ text: UnsafeMutableBufferPointer<UInt8>, _ start: Int
    ) {
        for index in 0..<digits {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(4 * (digits - 1 - index)) & 15)
            text[start + index] = digit < 10 ? 48 + digit : 87 + digit
        }
    }
}
