/// What a test waits for did not come about, or the installation under test could not be made.
package struct TestStewardError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// Waits until `look` finds something and gives it. Looks often, so that the wait is as short as what is waited for.
package func eventually<Value>(
    _ what: @autoclosure () -> String, within limit: Duration = .seconds(20),
    isolation: isolated (any Actor)? = #isolation, _ look: () async throws -> Value?
) async throws -> Value {
    let end = ContinuousClock.now + limit
    var pause = Duration.milliseconds(2)
    while true {
        if let found = try await look() { return found }
        guard ContinuousClock.now < end else {
            throw TestStewardError("it did not happen within \(limit) that \(what())")
        }
        try await Task.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(50))
    }
}

/// Waits until the condition holds.
package func eventually(
    _ what: @autoclosure () -> String, within limit: Duration = .seconds(20),
    isolation: isolated (any Actor)? = #isolation, holds: () async throws -> Bool
) async throws {
    _ = try await eventually(what(), within: limit) { try await holds() ? true : nil }
}
