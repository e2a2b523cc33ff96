import IdentityService
import Tenancy
import Testing

struct RefreshRotationTests {
    private let now = Timestamp(microseconds: 5_000_000_000)
    private var expiresAt: Timestamp { now.advanced(by: .seconds(100)) }

    @Test func renewsTheLatest() {
        #expect(RefreshTokenState(expiresAt: expiresAt).decision(now: now) == .renew)
    }

    @Test func refusesTheExpired() {
        #expect(RefreshTokenState(expiresAt: now).decision(now: now) == .refuse)
    }

    @Test func refusesTheRevokedWhateverElseHolds() {
        let state = RefreshTokenState(expiresAt: expiresAt, replacedAt: now, revokedAt: now)
        #expect(state.decision(now: now) == .refuse)
    }

    @Test func repeatsTheSuccessorWithinTheGrace() {
        let state = RefreshTokenState(expiresAt: expiresAt, replacedAt: now)
        #expect(state.decision(now: now) == .repeatSuccessor)
        #expect(state.decision(now: now.advanced(by: .seconds(30))) == .repeatSuccessor)
    }

    @Test func endsTheFamilyAfterTheGrace() {
        let state = RefreshTokenState(expiresAt: expiresAt, replacedAt: now)
        #expect(state.decision(now: now.advanced(by: .milliseconds(30_001))) == .endFamily)
    }

    /// An old token stays dangerous after it would have expired.
    @Test func endsTheFamilyAfterTheExpiryToo() {
        let state = RefreshTokenState(expiresAt: now, replacedAt: now)
        #expect(state.decision(now: now.advanced(by: .seconds(1_000))) == .endFamily)
    }
}
