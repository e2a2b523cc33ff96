import Testing

@testable import RPC

struct ClientNetworkTests {
    private func network(_ address: String) -> String { ClientNetwork(address: address).text }

    @Test func addressesOfOneHouseCountTogether() {
        #expect(network("2001:db8:1:2::1") == network("2001:0DB8:1:2:ffff::99"))
        #expect(network("2001:db8:1:2::1") != network("2001:db8:1:3::1"))
        #expect(network("fe80::1%eth0") == network("fe80::2%eth0"))
    }

    @Test func eachAddressOfTheFourthVersionCountsAlone() {
        #expect(network("192.0.2.1") != network("192.0.2.2"))
        #expect(network("192.0.2.1") == network("::ffff:192.0.2.1"))
        #expect(network("192.0.2.1") == "192.0.2.1")
    }

    @Test func whatIsNoAddressStandsForItself() {
        #expect(network("") == "")
        #expect(network("unix") == "unix")
        #expect(network("2001:db8::1::2") == "2001:db8::1::2")
    }

    @Test func liesInRangesFromWideToNarrow() {
        #expect(ClientNetwork(address: "192.0.2.1").ranges == ["192.0", "192.0.2", "192.0.2.1"])
        #expect(
            ClientNetwork(address: "2001:db8:1:2::1").ranges == ["2001:db8", "2001:db8:1", "2001:db8:1:2/64"])
        #expect(ClientNetwork(address: "unix").ranges == ["unix", "unix", "unix"])
        #expect(ClientNetwork(address: "").ranges == ["", "", ""])
    }
}
