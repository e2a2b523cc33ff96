import Testing

@testable import RPC

struct ClientNetworkTests {
    private func sharedRanges(_ one: String, _ other: String) -> [Bool] {
        zip(ClientNetwork(address: one).ranges, ClientNetwork(address: other).ranges).map { $0 == $1 }
    }

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

    /// Else everybody behind a translator is one network, and one of them can lock out the others.
    @Test(arguments: ["::ffff:192.0.2.", "64:ff9b::192.0.2."])
    func anAddressInsideCountsAsItself(_ prefix: String) {
        #expect(network(prefix + "1") == "192.0.2.1")
        #expect(network(prefix + "1") != network(prefix + "2"))
        #expect(ClientNetwork(address: prefix + "1").ranges == ["192.0", "192.0.2", "192.0.2.1"])
    }

    @Test func aTunnelsAddressCountsAsItsEnd() {
        #expect(network("2002:c000:201::1") == "192.0.2.1")
        #expect(network("2002:c000:201:7::9") == "192.0.2.1", "the end of a tunnel has 65,536 networks")
        #expect(network("2002:c000:202::1") == "192.0.2.2")
    }

    /// Prefixes that only begin alike: 64:ff9b:1::/48 is for local use, and its users choose where the address lies.
    @Test(arguments: ["64:ff9b:1::c000:201", "64:ff9b:0:0:1::c000:201", "::192.0.2.1", "2003:c000:201::1"])
    func otherPrefixesHoldNone(_ address: String) {
        #expect(network(address).hasSuffix("/64"))
    }

    @Test func whatIsNoAddressStandsForItself() {
        #expect(network("") == "")
        #expect(network("unix") == "unix")
        #expect(network("2001:db8::1::2") == "2001:db8::1::2")
    }

    @Test func liesInRangesFromWideToNarrow() {
        #expect(ClientNetwork(address: "192.0.2.1").ranges == ["192.0", "192.0.2", "192.0.2.1"])
        #expect(
            ClientNetwork(address: "2001:db8:1:2::1").ranges
                == ["20:1:d:b8", "20:1:d:b8:0:1", "20:1:d:b8:0:1:0:2/64"])
        #expect(sharedRanges("2001:db8:1:2::1", "2001:db8:1:3::1") == [true, true, false])
        #expect(sharedRanges("2001:db8:1:2::1", "2001:db8:2:2::1") == [true, false, false])
        #expect(sharedRanges("2001:db8:1:2::1", "2001:db9:1:2::1") == [false, false, false])
        #expect(ClientNetwork(address: "unix").ranges == ["unix", "unix", "unix"])
        #expect(ClientNetwork(address: "").ranges == ["", "", ""])
    }
}
