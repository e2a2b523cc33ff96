/// Frames and their bytes, without what TLS adds.
package struct Traffic: Sendable, Hashable {
    package private(set) var framesReceived: UInt64 = 0
    package private(set) var framesSent: UInt64 = 0
    package private(set) var bytesReceived: UInt64 = 0
    package private(set) var bytesSent: UInt64 = 0

    /// Length prefix of a frame.
    private static let lengthBytes = 4

    mutating func received(bodyBytes: Int) {
        framesReceived &+= 1
        bytesReceived &+= UInt64(bodyBytes + Self.lengthBytes)
    }

    mutating func sent(bytes: Int, frames: Int) {
        framesSent &+= UInt64(frames)
        bytesSent &+= UInt64(bytes)
    }

    mutating func add(_ other: Traffic) {
        framesReceived &+= other.framesReceived
        framesSent &+= other.framesSent
        bytesReceived &+= other.bytesReceived
        bytesSent &+= other.bytesSent
    }
}

/// What went over the links of one loop: four additions a call, no lock.
// SAFETY: confined to its loop.
final class LoopTraffic: @unchecked Sendable {
    var total = Traffic()
}
