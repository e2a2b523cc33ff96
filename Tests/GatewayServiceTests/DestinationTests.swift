import Catalogue
import Contracts
import Tenancy
import Testing

@testable import GatewayService

@Suite struct DestinationTests {
    private static let table = DestinationTable(ContractCatalogue.all.methods)

    private func service(_ path: String) -> ServiceName? {
        Array(path.utf8).withUnsafeBytes { Self.table.find($0)?.service }
    }

    private func destination(_ path: String) -> Destination? {
        Array(path.utf8).withUnsafeBytes { Self.table.find($0) }
    }

    private func needsSession(_ path: String) -> Bool { destination(path)?.needsSession != false }

    @Test(arguments: [
        ("steward.identity.v1.UserService/GetUser", ServiceName.identity),
        ("steward.customer.v1.AccountService/GetAccount", .customer),
        ("steward.sales.v1.DealService/MoveDealStage", .sales),
    ])
    func findsTheProgram(_ path: String, _ expected: ServiceName) {
        #expect(service(path) == expected)
    }

    /// What programs offer each other must not be reachable from outside, however the name is written.
    @Test(arguments: [
        "steward.platform.v1.CallerService/ResolveSession", "steward.platform.v1.ProvisioningService/DropTenant",
        "Steward.customer.v1.AccountService/GetAccount", "steward.customer.v1", "steward.customer", "",
        " steward.customer.v1.AccountService/GetAccount", "steward.customer\u{2024}v1.AccountService/GetAccount",
        "/steward.customer.v1.AccountService/GetAccount", "steward.customer.v2.AccountService/GetAccount",
    ])
    func knowsNoOtherPackage(_ path: String) {
        #expect(service(path) == nil)
    }

    /// A unit is the work of reading one record.
    @Test(
        arguments: [
            ("AccountService/GetAccount", 1), ("AccountService/ListAccounts", 4), ("AccountService/CreateAccount", 4),
            ("AccountService/BatchCreateAccounts", 32), ("AccountService/NewerThanThisGateway", 4),
        ] as [(String, UInt32)])
    func costsByTheVerb(_ method: String, _ cost: UInt32) {
        #expect(destination("steward.customer.v1.\(method)")?.cost == cost)
    }

    @Test func onlyOpeningASessionNeedsNone() {
        #expect(!needsSession("steward.identity.v1.AuthenticationService/SignIn"))
        #expect(!needsSession("steward.identity.v1.AuthenticationService/SignInOperator"))
        #expect(!needsSession("steward.identity.v1.AuthenticationService/RefreshSession"))
        for path in [
            "steward.identity.v1.AuthenticationService/SignOut", "steward.identity.v1.AuthenticationService/SignInX",
            "steward.identity.v1.AuthenticationService/SignI", "steward.identity.v1.AuthenticationService/signin",
            "steward.identity.v1.TenantService/CreateTenant", "steward.customer.v1.AccountService/GetAccount", "",
        ] {
            #expect(needsSession(path), "\(path)")
        }
    }
}
