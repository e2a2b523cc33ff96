import Contracts
import CustomerContracts
import CustomerService
import ServiceHost

Program.run(CustomerService.definition, contracts: ContractCatalogue(joining: [.shared, .customer]))
