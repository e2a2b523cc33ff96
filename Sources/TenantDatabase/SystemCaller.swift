/// Stands in for a `Caller` where the system itself works in a tenant's schema: a sweep, a relay, the first records of
/// a new tenant. Names its purpose, so that such places can be found.
package struct SystemCaller: Sendable, Hashable {
    package let purpose: String

    package init(purpose: StaticString) {
        self.purpose = purpose.description
    }
}
