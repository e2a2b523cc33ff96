import Catalogue
import Contracts
import RPC
import Tenancy
import Testing

@testable import ServiceHost

@Suite struct TopologyTests {
    @Test func everyServiceOfTheProductIsInIt() {
        for method in ContractCatalogue.all.methods {
            #expect(!Topology.callers(ofService: method.service).isEmpty, "\(method.service)")
        }
        #expect(Topology.callers(ofService: "steward.unheard.v1.Service").isEmpty)
    }

    @Test func everyPlatformServiceIsNamed() {
        let platform = Set(
            ContractCatalogue.all.methods.map(\.service).filter { $0.hasPrefix("steward.platform.") })
        #expect(platform == Set(Topology.platformServices.keys))
    }

    @Test func whoMayCallIsAPeer() {
        // A program that may call a service must be able to reach the program that offers it.
        #expect(Topology.callers(of: .identity) == [.gateway, .customer, .sales])
        #expect(Topology.callers(of: .customer) == [.gateway, .identity, .sales])
        #expect(Topology.callers(of: .sales) == [.gateway, .customer, .identity])
        #expect(Topology.callers(of: .provisioner) == [.identity])
        #expect(Topology.callers(of: .gateway).isEmpty)
        #expect(Topology.callers(ofService: HandoverServiceMethods.serviceName) == [.identity])
    }
}
