import Contracts
import SalesContracts
import SalesService
import ServiceHost

Program.run(SalesService.definition, contracts: ContractCatalogue(joining: [.shared, .sales]))
