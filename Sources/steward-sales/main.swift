import SalesService
import ServiceHost
import Tenancy

Program(.sales).run { host in try await SalesService.offer(host) }
