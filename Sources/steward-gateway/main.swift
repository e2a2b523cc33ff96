import GatewayService
import ServiceHost
import Tenancy

Program(.gateway).run(settings: GatewaySettings.init) { host, settings in
    try await GatewayService.offer(host, settings)
}
