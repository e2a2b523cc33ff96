import Testing

@testable import protoc_gen_steward

@Suite struct NamesTests {
    @Test(arguments: [
        ("display_name", "displayName"), ("owner_id", "ownerID"), ("ids", "ids"), ("id", "id"),
        ("role_ids", "roleIDs"), ("session_handle", "sessionHandle"), ("home_url", "homeURL"),
        ("operator", "`operator`"),
        ("default", "`default`"), ("not", "not"), ("all", "all"), ("any", "any"), ("macs", "macs"),
    ])
    func membersAreLowerCamel(_ proto: String, _ swift: String) {
        #expect(Names.member(proto) == swift)
    }

    @Test(arguments: [
        ("steward.rpc.v1.CallerMAC", "Steward__Rpc__V1__CallerMAC", "steward_rpc_v1_caller_mac_descriptor"),
        ("steward.type.v1.Filter", "Steward__Type__V1__Filter", "steward_type_v1_filter_descriptor"),
    ])
    func cNamesAreThoseOfProtocC(_ proto: String, _ type: String, _ descriptor: String) {
        #expect(Names.cStruct(proto) == type)
        #expect(Names.cDescriptor(proto) == descriptor)
    }

    @Test func methodsBeginLow() {
        #expect(Names.method("GetAccount") == "getAccount")
        #expect(Names.method("URLFor") == "urlFor")
    }

    @Test func encodesBase64() {
        // RFC 4648, section 10.
        let vectors = [
            "": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foob": "Zm9vYg==", "fooba": "Zm9vYmE=",
        ]
        for (text, encoded) in vectors { #expect(Base64.encode(Array(text.utf8)) == encoded) }
    }
}
