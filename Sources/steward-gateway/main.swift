import GatewayService
import ServiceHost
import Tenancy

Program(.gateway).run { host in try await GatewayService.offer(host) }
