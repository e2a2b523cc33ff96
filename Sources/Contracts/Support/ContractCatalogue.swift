package import RPC

/// What a module of contracts tells of itself, or several of them together: for reflection, and for whoever must know every method or
/// record type.
package struct ContractCatalogue: Sendable {
    /// What reflection tells of each service.
    package let services: [ServiceDescription]
    /// The methods, service by service.
    package let methods: [MethodDefinition]
    /// The record types, in the order of their full names.
    package let recordTypes: [any RecordMessage.Type]
    /// What is known of each of them.
    package let records: [RecordEntry]
    /// The proto files, those that others need before them.
    let files: [DescribedFile]

    /// - Parameter methods: those of each service.
    package init(
        services: [ServiceDescription], methods: [[MethodDefinition]], recordTypes: [any RecordMessage.Type],
        files: [DescribedFile]
    ) {
        self.services = services
        self.methods = methods.flatMap { $0 }
        self.recordTypes = recordTypes
        records = recordTypes.map { $0.entry }
        self.files = files
    }

    /// - Parameter parts: those that others need before them.
    package init(joining parts: [ContractCatalogue]) {
        self.init(
            services: parts.flatMap(\.services), methods: parts.map(\.methods),
            recordTypes: parts.flatMap(\.recordTypes), files: parts.flatMap(\.files))
    }
}
