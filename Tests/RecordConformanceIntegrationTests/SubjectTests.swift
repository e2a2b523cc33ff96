import Catalogue
import Contracts
import CustomerContracts
import Testing
import Wire

/// What is to be tested is told by `proto/` and by nothing here.
@Suite struct SubjectTests {
    @Test func aTypeThatNobodyKeepsFailsByName() async throws {
        let known = Account.entry
        let ghost = RecordEntry(
            object: "ghost", plural: "ghosts", ownership: .owned, category: .customer, message: known.message,
            service: known.service, methods: known.methods)
        let error = await #expect(throws: UnservedType.self) { try await Subject(entry: ghost).run { _ in } }
        #expect(error?.name == "customer.ghost")
        #expect(Subject.all.count == ContractCatalogue.all.recordTypes.count - 1 + Subject.objects.count)
    }

    /// An exemption goes with its field.
    @Test(arguments: Exemption.all.map(\.name)) func everyExemptionIsOfAField(_ name: String) {
        let words = name.split(separator: ".").map(String.init)
        let message = ContractCatalogue.all.records.first { $0.object == words[0] }?.message
        #expect(message?.field(words[1]) != nil)
    }
}
