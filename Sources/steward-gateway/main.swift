import Catalogue
import Contracts
import GatewayService
import ServiceHost
import Tenancy

Program(.gateway, contracts: .all).run(settings: GatewaySettings.init) { host, settings in
    try await GatewayService.offer(host, settings)
}
