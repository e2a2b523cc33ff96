package import Tenancy

/// A statement with its values. Written with its values in place, what stands in the source is SQL and what is interpolated is bound
/// as a parameter, so no value becomes SQL:
///
///     "SELECT id FROM {schema}.deals WHERE stage_id = \(stage) LIMIT \(count)"
///
/// That text is put together and looked up each time, which takes about half a microsecond; a statement of every call is better made
/// once, and gets its values by `init(_:_:)`.
package struct Query: Sendable {
    package let statement: Statement
    package let parameters: Parameters

    package init(_ statement: Statement, _ parameters: Parameters) {
        self.statement = statement
        self.parameters = parameters
    }

    package init(_ statement: Statement, _ bind: (inout Parameters) -> Void = { _ in }) {
        var parameters = Parameters()
        bind(&parameters)
        self.init(statement, parameters)
    }
}

extension Query: ExpressibleByStringInterpolation {
    /// Literals alone: no text that a program has in its hands becomes a query.
    package init(stringLiteral text: StaticString) {
        self.init(.known(unsafeGenerated: text.description), Parameters())
    }

    package init(stringInterpolation interpolation: Interpolation) {
        self.init(.known(unsafeGenerated: interpolation.text), interpolation.parameters)
    }

    package struct Interpolation: StringInterpolationProtocol {
        /// With $1, $2, … for the values.
        fileprivate var text = ""
        fileprivate var parameters = Parameters()

        package init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + 3 * interpolationCount)
        }

        package mutating func appendLiteral(_ literal: StaticString) { text += literal.description }

        package mutating func appendInterpolation(_ value: RecordID?) { bind { $0.append(value) } }
        package mutating func appendInterpolation(_ values: [RecordID]) { bind { $0.append(values) } }
        package mutating func appendInterpolation(_ value: String?) { bind { $0.append(value) } }
        package mutating func appendInterpolation(_ value: Int64?) { bind { $0.append(value) } }
        package mutating func appendInterpolation(_ value: Timestamp?) { bind { $0.append(value) } }

        private mutating func bind(_ append: (inout Parameters) -> Void) {
            append(&parameters)
            text += "$\(parameters.count)"
        }
    }
}

extension PostgresTransaction {
    /// Runs a query and waits for its rows.
    @discardableResult
    package func query(_ query: Query) async throws(PostgresError) -> Rows {
        try await self.query(query.statement, query.parameters)
    }

    /// Sends a query with the next round trip. Its rows are thrown away; its error fails that round trip.
    package func enqueue(_ query: Query) throws(PostgresError) {
        try enqueue(query.statement, query.parameters)
    }
}
