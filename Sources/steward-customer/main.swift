import CustomerService
import ServiceHost

Program.run(CustomerService.definition)
