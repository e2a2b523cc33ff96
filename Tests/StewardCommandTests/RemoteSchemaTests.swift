import Catalogue
import Contracts
import CustomerContracts
import RPC
import SalesContracts
import Tenancy
import Testing
import Wire

@testable import steward

@Suite struct RemoteSchemaTests {
    private func schema(_ package: String) throws -> RemoteSchema {
        try RemoteSchema(fileDescriptorSet: try #require(ContractCatalogue.all.descriptorSet(of: package)))
    }

    /// What a server describes is laid out so that it reads and writes what compiled code does.
    @Test func describedMessagesMatchCompiledOnes() throws {
        for package in ["steward.rpc.v1", "steward.identity.v1", "steward.customer.v1", "steward.sales.v1"] {
            let schema = try schema(package)
            let methods = ContractCatalogue.all.methods.filter { $0.service.hasPrefix(package + ".") }
            #expect(!methods.isEmpty)
            for compiled in Set(methods.flatMap { [$0.request, $0.response] }) {
                let described = try #require(schema.messages[compiled.name], "\(compiled.name)")
                #expect(described.fields.map(\.name) == compiled.fields.map(\.name))
                #expect(described.fields.map(\.number) == compiled.fields.map(\.number))
                #expect(described.fields.map(\.isRepeated) == compiled.fields.map(\.isRepeated))
                #expect(described.fields.map(\.offset) == compiled.fields.map(\.offset))
            }
        }
    }

    @Test func describedMessagesReadWhatCompiledOnesWrite() throws {
        let contact = Contact(
            id: "x", version: 7, createTime: .init(microseconds: 1_500_000), givenName: "张", familyName: "三",
            contactPoints: [
                ContactPoint(kind: .email, value: "a@b.example", primary: true),
                ContactPoint(kind: .mobile, value: "+1"),
            ])
        let response = GetContactResponse(record: contact).encoded()
        let type = try #require(schema("steward.customer.v1").messages["steward.customer.v1.GetContactResponse"])
        let described = try response.withUnsafeBytes { try WireCodec.decode($0, as: type, arena: Arena()) }
        #expect(MessageJSON.text(described) == MessageJSON.text(GetContactResponse(record: contact).message()))
        #expect(WireCodec.encode(described) == response)
    }

    @Test func describedMessagesAreFilledFromJSON() throws {
        let type = try #require(schema("steward.sales.v1").messages["steward.sales.v1.CreateDealRequest"])
        let request = Message.make(type, in: Arena())
        let json = try JSONValue(
            text: #"{"deal": {"display_name": "X", "amount": {"currency_code": "EUR", "minor_units": 5}}}"#)
        try MessageFill.fill(request, from: json)
        let decoded = try CreateDealRequest(decoding: WireCodec.encode(request))
        #expect(decoded.record == Deal(displayName: "X", amount: Money(currencyCode: "EUR", minorUnits: 5)))
    }

    @Test func fieldsKeepTheirComments() throws {
        let comment = try schema("steward.sales.v1").comments["steward.sales.v1.Deal.amount"]
        #expect(comment == "What it is worth, not negative.")
    }

    @Test func refusesOtherBytes() {
        #expect(throws: (any Error).self) { try RemoteSchema(fileDescriptorSet: [0x0a, 0xff]) }
    }
}
