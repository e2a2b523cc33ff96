#if DEBUG
    import Catalogue
    import Contracts

    @testable import IdentityService

    extension RoleCatalogue {
        /// With the record types of all services.
        static let product = RoleCatalogue(ContractCatalogue.all.records)
    }

    extension BuiltInRole {
        /// What it may do in a new workspace.
        var grants: [Contracts.Grant] { grants(on: RoleCatalogue.product.records) }
    }
#endif
