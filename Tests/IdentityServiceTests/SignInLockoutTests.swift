import IdentityService
import Tenancy
import Testing

struct SignInLockoutTests {
    private let lockout = SignInLockout(failuresMax: 10, window: .seconds(900))
    private let start = Timestamp(microseconds: 1_000_000_000)

    @Test func isOpenBelowTheLimit() {
        #expect(lockout.lockedUntil(decidingFailure: nil, now: start) == nil)
    }

    @Test func isLockedUntilTheDecidingFailureIsOld() {
        let end = start.advanced(by: .seconds(900))
        #expect(lockout.lockedUntil(decidingFailure: start, now: start) == end)
        #expect(lockout.lockedUntil(decidingFailure: start, now: start.advanced(by: .seconds(899))) == end)
        #expect(lockout.lockedUntil(decidingFailure: start, now: end) == nil)
    }

    @Test func limitsAreThoseOfTheSpecification() {
        #expect(SignInLockout.account.failuresMax == 10)
        #expect(SignInLockout.account.window == .seconds(15 * 60))
        #expect(SignInLockout.network.failuresMax > SignInLockout.account.failuresMax)
    }
}
