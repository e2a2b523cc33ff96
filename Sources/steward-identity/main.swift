import IdentityService
import ServiceHost
import Tenancy

Program(.identity).run { host in try await IdentityService.offer(host) }
