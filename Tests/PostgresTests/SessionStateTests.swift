import Tenancy
import Testing

@testable import Postgres

@Suite struct SessionStateTests {
    private let one = SlotKey(tenantID: TenantID(.make()), service: .customer)
    private let other = SlotKey(tenantID: TenantID(.make()), service: .customer)

    /// A session in which the first tenant's role was set for good.
    private func session() -> SessionState {
        var session = SessionState()
        session.begin(isFramed: false)
        session.current.role = one
        session.unitEnded(failed: false)
        return session
    }

    @Test func aUnitWithoutBeginIsATransaction() {
        var session = session()
        #expect(session.committed.role == one)
        session.begin(isFramed: false)
        session.current.role = other
        session.unitEnded(failed: true)
        #expect(session.current.role == one)
    }

    @Test func afterBeginOnlyItsEndCounts() {
        for isCommitted in [true, false] {
            var session = session()
            session.begin(isFramed: true)
            session.current.role = other
            session.opened()
            session.unitEnded(failed: false)
            #expect(session.current.role == other && session.committed.role == one)
            session.unitEnded(failed: true)
            if isCommitted { session.commit() } else { session.rollBack() }
            session.unitEnded(failed: false)
            #expect(session.current.role == (isCommitted ? other : one))
        }
    }

    /// The role was sent behind a BEGIN that the server refused, or cancelled: it was skipped, and nothing is open that could be
    /// rolled back.
    @Test func aBeginThatFailsSetsNothing() {
        var session = session()
        session.begin(isFramed: true)
        session.current.role = other
        session.current.timeoutRung = 3
        session.unitEnded(failed: true)
        #expect(session.current == session.committed && session.current.role == one)
        #expect(!session.isFramed)
    }
}
