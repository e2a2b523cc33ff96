import SalesService
import ServiceHost

Program.run(SalesService.definition)
