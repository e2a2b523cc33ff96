import Postgres
import RPC
import Testing

@testable import Records

@Suite struct DatabaseOutageTests {
    @Test(arguments: [
        (PostgresError.Kind.outOfResources, StatusCode.unavailable, "DATABASE_UNAVAILABLE"),
        (.serverFault, .unavailable, "DATABASE_UNAVAILABLE"), (.unavailable, .unavailable, "DATABASE_UNAVAILABLE"),
        (.connectionLost, .unavailable, "DATABASE_UNAVAILABLE"),
        (.readOnlyTransaction, .unavailable, "DATABASE_UNAVAILABLE"), (.poolExhausted, .unavailable, "DATABASE_BUSY"),
        (.stampMismatch, .unavailable, "WORKSPACE_UNAVAILABLE"),
        (.roleRefused, .unavailable, "WORKSPACE_UNAVAILABLE"), (.deadlock, .aborted, "DATABASE_BUSY"),
        (.serializationFailure, .aborted, "DATABASE_BUSY"), (.lockTimeout, .aborted, "DATABASE_BUSY"),
    ])
    func whatMayPassIsRetriable(_ kind: PostgresError.Kind, _ code: StatusCode, _ reason: String) {
        let error = DatabaseOutage.rpcError(PostgresError(kind, "inner words"), domain: "records")
        #expect(error?.code == code && error?.reason == reason)
        #expect(error?.retryDelay != nil && error?.cause != nil)
        #expect(error?.message.contains("inner words") == false)
    }

    @Test(arguments: [
        PostgresError.Kind.uniqueViolation, .undefinedTable, .insufficientPrivilege, .invalidInput, .other,
    ])
    func whatIsNoOutageIsLeftAlone(_ kind: PostgresError.Kind) {
        #expect(DatabaseOutage.rpcError(PostgresError(kind, ""), domain: "records") == nil)
    }
}
