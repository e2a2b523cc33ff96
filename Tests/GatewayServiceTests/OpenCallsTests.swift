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
        let networks = (0..<OpenCalls.passedOnMax).map { ClientNetwork(address: "\($0)") }
        for network in networks { #expect(calls.beginPassing(from: network)) }
        let late = ClientNetwork(address: "late")
        #expect(!calls.beginPassing(from: late))
        calls.endPassing(from: networks[0])
        #expect(calls.beginPassing(from: late))
        #expect(!calls.beginPassing(from: networks[0]))
    }

    @Test func aNetworkThatFloodsLeavesRoomForOthers() {
        let calls = OpenCalls()
        let flood = ClientNetwork(address: "192.0.2.1")
        let passed = (0..<OpenCalls.passedOnMax).filter { _ in calls.beginPassing(from: flood) }
        #expect(passed.count == OpenCalls.passedOnMax / 2)
        for _ in 0..<OpenCalls.passedOnMax / 4 {
            #expect(calls.beginPassing(from: ClientNetwork(address: "192.0.2.2")))
        }
        #expect(!calls.beginPassing(from: flood))
        calls.endPassing(from: flood)
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
