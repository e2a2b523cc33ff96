import Postgres

/// A statement with its values, ready to run alone or within a transaction.
struct Query: Sendable {
    let statement: Statement
    let parameters: Parameters

    init(_ statement: Statement, _ bind: (inout Parameters) -> Void = { _ in }) {
        self.statement = statement
        var parameters = Parameters()
        bind(&parameters)
        self.parameters = parameters
    }

    init(_ statement: Statement, _ parameters: Parameters) {
        self.statement = statement
        self.parameters = parameters
    }
}
