import Credentials
import RPC
import Tenancy
import Testing

@testable import ServiceHost

@Suite struct CallerTokenTests {
    private let customerKey: MACKey
    private let salesKey: MACKey
    private let minter: CallerTokenMinter

    init() throws {
        customerKey = try MACKey([UInt8](repeating: 1, count: 32))
        salesKey = try MACKey([UInt8](repeating: 2, count: 32))
        minter = CallerTokenMinter(keys: [.customer: customerKey, .sales: salesKey])
    }

    @Test func everyAudienceAcceptsWhatIsMinted() throws {
        for caller in [Sample.caller(), Sample.caller(tenant: nil)] {
            let token = try minter.mint(caller)
            #expect(try CallerTokenVerifier(audience: .customer, key: customerKey).verify(token) == caller)
            #expect(try CallerTokenVerifier(audience: .sales, key: salesKey).verify(token) == caller)
        }
    }

    @Test func anotherKeyOrAudienceIsRefused() async throws {
        let token = try minter.mint(Sample.caller())
        for verifier in [
            CallerTokenVerifier(audience: .customer, key: salesKey),
            CallerTokenVerifier(audience: .sales, key: customerKey),
            CallerTokenVerifier(audience: .identity, key: customerKey),
        ] {
            #expect(await reason { _ = try verifier.verify(token) } == "CALLER_INVALID")
        }
    }

    @Test func everyChangedByteIsNoticed() throws {
        let caller = Sample.caller()
        let token = try minter.mint(caller)
        let verifier = CallerTokenVerifier(audience: .customer, key: customerKey)
        for index in token.encoded.indices {
            var bytes = token.encoded
            bytes[index] ^= 0x01
            // A change in the code of another audience is that audience's business; the claims stay what they were.
            if let accepted = try? verifier.verify(CallerTokenBytes(encoded: bytes)) {
                #expect(accepted == caller)
            }
        }
        for count in 0..<token.encoded.count {
            let cut = CallerTokenBytes(encoded: Array(token.encoded.prefix(count)))
            if let accepted = try? verifier.verify(cut) { #expect(accepted == caller) }
        }
    }

    @Test func anExpiredTokenIsRefusedAndTheSkewOfClocksForgiven() async throws {
        let verifier = CallerTokenVerifier(audience: .customer, key: customerKey)
        let expired = try minter.mint(Sample.caller(expiresIn: .seconds(-6)))
        #expect(await reason { _ = try verifier.verify(expired) } == "CALLER_EXPIRED")
        let skewed = try minter.mint(Sample.caller(expiresIn: .seconds(-3)))
        #expect(await reason { _ = try verifier.verify(skewed) } == nil)
    }

    @Test func aCachedCallerExpiresToo() async throws {
        let cache = CallerTokenCache(
            verifier: CallerTokenVerifier(audience: .customer, key: customerKey), shardCount: 1)
        // Valid for 300 ms more, thanks to the skew of clocks that is forgiven.
        let token = try minter.mint(Sample.caller(expiresIn: .milliseconds(-4_700)))
        #expect(try cache.caller(of: token).userID == Sample.user)
        let patience = Deadline.after(.seconds(10))
        var refusal: String?
        while refusal == nil && !patience.isPast {
            refusal = await reason { _ = try cache.caller(of: token) }
        }
        #expect(refusal == "CALLER_EXPIRED")
    }
}
