import Testing

@testable import GatewayService

@Suite struct ClientAddressTests {
    @Test(arguments: [
        ("127.0.0.1:4711", "127.0.0.1"), ("[::1]:4711", "::1"), ("[2001:db8::7]:1", "2001:db8::7"), ("", ""),
    ])
    func leavesThePortOut(_ remote: String, _ host: String) {
        #expect(ClientAddress.host(remote) == host)
    }
}
