import RPC
import Testing

@testable import GatewayService

/// What anybody in the world can ask for without a session.
@Suite struct OpenCallsTests {
    @Test func aConnectionHasAFewAtATime() {
        let calls = OpenCalls()
        for _ in 0..<OpenCalls.ofConnectionMax { #expect(calls.enter(1)) }
        #expect(!calls.enter(1))
        #expect(calls.enter(2), "another connection is not held back")
        calls.leave(1)
        #expect(calls.enter(1))
        #expect(!calls.enter(1), "a refused call was not counted")
    }

    @Test func allConnectionsTogetherLeaveRoomAtIdentity() {
        let calls = OpenCalls()
        for _ in 0..<OpenCalls.passedOnMax { #expect(calls.beginPassing()) }
        #expect(!calls.beginPassing())
        calls.endPassing()
        #expect(calls.beginPassing())
        #expect(!calls.beginPassing())
    }

    /// A start passed on must fit into the frame of the next server, or that one ends the connection that all share.
    @Test func aLongTraceParentIsNotPassedOn() {
        func bounded(_ count: Int) -> Int? {
            [UInt8](repeating: 0x30, count: count).withUnsafeBytes { PassedCall.bounded($0)?.count }
        }
        #expect(PassedCall.bounded(nil) == nil)
        #expect(bounded(55) == 55)
        #expect(bounded(PassedCall.traceParentBytesMax) == PassedCall.traceParentBytesMax)
        #expect(bounded(PassedCall.traceParentBytesMax + 1) == nil)
        #expect(bounded(1 << 20) == nil)
    }
}
