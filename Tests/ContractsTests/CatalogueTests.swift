import Catalogue
import Contracts
import CustomerContracts
import RPC
import SalesContracts
import Testing
import Wire

@Suite struct CatalogueTests {
    @Test func methodsAreNamedAndStreamAsInTheProtoFiles() {
        #expect(AccountServiceMethods.getAccount.path == "steward.customer.v1.AccountService/GetAccount")
        #expect(AccountServiceMethods.getAccount.request.name == "steward.customer.v1.GetAccountRequest")
        #expect(AccountServiceMethods.getAccount.kind == .unary)
        #expect(PolicyServiceMethods.watchPolicies.kind == .serverStreaming)
        #expect(DealServiceMethods.all.count == 23)
        #expect(DealServiceMethods.all.map(\.service).allSatisfy { $0 == DealServiceMethods.serviceName })
    }

    @Test func theCatalogueHasEveryMethodOnce() {
        let paths = ContractCatalogue.all.methods.map(\.path)
        #expect(Set(paths).count == paths.count)
        let described = ContractCatalogue.all.services.flatMap { service in
            service.methods.map { "\(service.name ?? "")/\($0.name ?? "")" }
        }
        #expect(described == paths)
        #expect(ContractCatalogue.all.services.allSatisfy { $0.comment?.isEmpty == false })
        #expect(ContractCatalogue.all.services.flatMap(\.methods).allSatisfy { $0.comment?.isEmpty == false })
    }

    @Test(arguments: ["customer", "identity", "sales"])
    func jobsHaveTheSameMethodsInEveryService(service: String) {
        let jobs = JobServiceOf(package: "steward.\(service).v1").all
        let generated = ContractCatalogue.all.methods.filter { $0.service == "steward.\(service).v1.JobService" }
        #expect(jobs == generated)
    }

    @Test(arguments: ["customer", "identity", "sales"])
    func operatorsHaveTheSameMethodsInEveryService(service: String) {
        let jobs = TenantJobServiceOf(package: "steward.\(service).v1").all
        let generated = ContractCatalogue.all.methods.filter { $0.service == "steward.\(service).v1.TenantJobService" }
        #expect(jobs == generated)
    }

    @Test(arguments: ["customer", "identity", "sales"])
    func modelsHaveTheSameMethodsInEveryService(service: String) {
        let model = ModelServiceOf(package: "steward.\(service).v1").all
        let generated = ContractCatalogue.all.methods.filter { $0.service == "steward.\(service).v1.ModelService" }
        #expect(model == generated)
    }

    @Test(arguments: ["customer", "sales"])
    func searchIsTheSameInEveryService(service: String) {
        let generated = ContractCatalogue.all.methods.filter { $0.service == "steward.\(service).v1.SearchService" }
        #expect(generated == [SearchServiceOf(package: "steward.\(service).v1").search])
    }

    @Test(arguments: ["customer", "sales"])
    func sharingIsTheSameInEveryService(service: String) {
        let generated = ContractCatalogue.all.methods.filter { $0.service == "steward.\(service).v1.SharingService" }
        #expect(generated == SharingServiceOf(package: "steward.\(service).v1").all)
    }

    /// Reads the FileDescriptorSet by hand: its files are field 1, their names field 1 of each.
    @Test func descriptorsComeWithTheirDependenciesFirst() throws {
        let set = try #require(ContractCatalogue.all.descriptorSet(of: "steward.sales.v1"))
        let names = fields(set[...]).map { file in String(decoding: fields(file)[0], as: UTF8.self) }
        #expect(names.contains("steward/sales/v1/deal_service.proto"))
        #expect(!names.contains("steward/customer/v1/account_service.proto"))
        for (before, after) in [
            ("google/protobuf/timestamp.proto", "steward/type/v1/record.proto"),
            ("steward/type/v1/record.proto", "steward/sales/v1/deal_service.proto"),
            ("steward/sales/v1/stage_service.proto", "steward/sales/v1/deal_service.proto"),
        ] {
            let (first, second) = try (
                #require(names.firstIndex(of: before)), #require(names.firstIndex(of: after))
            )
            #expect(first < second)
        }
        #expect(ContractCatalogue.all.descriptorSet(of: "steward.none.v1") == nil)
    }

    @Test func descriptorsCarryComments() throws {
        let set = try #require(ContractCatalogue.all.descriptorSet(of: "steward.sales.v1"))
        #expect(
            String(decoding: set, as: UTF8.self).contains(
                "Moves a deal to another stage, of its pipeline or of another"))
    }

    /// The length-prefixed fields of a message, in order.
    private func fields(_ bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var rest = bytes
        var fields: [ArraySlice<UInt8>] = []
        while let tag = rest.popFirst(), tag & 7 == 2 {
            var length = 0
            var shift = 0
            while let byte = rest.popFirst() {
                length |= Int(byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 { break }
            }
            fields.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return fields
    }
}
