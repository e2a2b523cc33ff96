import CustomerService
import ServiceHost
import Tenancy

Program(.customer).run { host in try await CustomerService.offer(host) }
