import Catalogue
import Contracts
import IdentityService
import ServiceHost
import Tenancy

// Roles speak of the records of all services.
Program(.identity, contracts: .all).run { host in try await IdentityService.offer(host) }
