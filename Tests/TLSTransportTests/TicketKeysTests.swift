import COpenSSL
import Synchronization
import Testing

@testable import TLSTransport

struct TicketKeysTests {
    /// A clock that a test sets.
    private final class Clock: Sendable {
        let seconds = Atomic<Int64>(1_000_000)
        func pass(_ count: Int64) { seconds.add(count, ordering: .relaxed) }
    }

    private struct Sealed {
        var name = [UInt8](repeating: 0, count: 16)
        var iv = [UInt8](repeating: 0, count: 16)
    }

    private func withContexts<Value>(_ body: (OpaquePointer, OpaquePointer) -> Value) throws -> Value {
        let cipher = try #require(EVP_CIPHER_CTX_new())
        let mac = try #require(steward_hmac_sha256_new([UInt8](repeating: 0, count: 32), 32))
        defer {
            EVP_CIPHER_CTX_free(cipher)
            EVP_MAC_CTX_free(mac)
        }
        return body(cipher, mac)
    }

    private func seal(_ keys: TicketKeys) throws -> Sealed {
        var sealed = Sealed()
        let done = try withContexts { keys.seal(name: &sealed.name, iv: &sealed.iv, cipher: $0, mac: $1) }
        #expect(done)
        return sealed
    }

    private func opens(_ keys: TicketKeys, _ sealed: Sealed) throws -> Bool {
        try withContexts { keys.open(name: sealed.name, iv: sealed.iv, cipher: $0, mac: $1) }
    }

    @Test func aKeySealsForAnHourAndOpensForAsLongAsItsTicketsLive() throws {
        let clock = Clock()
        let keys = TicketKeys { clock.seconds.load(ordering: .relaxed) }
        let first = try seal(keys)
        clock.pass(TicketKeys.sealingSeconds - 1)
        let second = try seal(keys)
        #expect(second.name == first.name && second.iv != first.iv)
        clock.pass(1)
        let third = try seal(keys)
        #expect(third.name != first.name)
        #expect(try opens(keys, first))
        clock.pass(TicketKeys.ticketLifetimeSeconds)
        #expect(try opens(keys, second) && opens(keys, third))
        clock.pass(1)
        #expect(try !opens(keys, second))
        #expect(try opens(keys, third))
    }

    @Test func aTicketOfAnotherServerIsNotOpened() throws {
        #expect(try !opens(TicketKeys(), seal(TicketKeys())))
    }
}
