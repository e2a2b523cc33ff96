import COpenSSL
import Glibc
import Synchronization

/// The keys that a server seals its tickets with: one for all loops, so that a client may resume on any of them, and
/// kept when certificates are read again. A key seals for an hour and opens for as long as its tickets live; then it is
/// forgotten, and with it what was sent under tickets of that hour cannot be told by who steals the process later.
final class TicketKeys: Sendable {
    /// How long a session can be resumed after its full handshake. Each handshake gives a new ticket, so a client that
    /// comes back more often than that never needs a full one.
    static let ticketLifetimeSeconds: Int64 = 2 * 3_600
    /// How long a key seals.
    static let sealingSeconds: Int64 = 3_600
    private static let nameBytes = 16
    private static let secretBytes = 32

    private struct Key {
        let name: [UInt8]
        let cipher: [UInt8]
        let mac: [UInt8]
        let bornAt: Int64
    }

    private let now: @Sendable () -> Int64
    /// Newest first.
    private let keys = Mutex<[Key]>([])

    /// - Parameter now: seconds of a clock that never goes back.
    init(now: @escaping @Sendable () -> Int64 = TicketKeys.monotonicSeconds) { self.now = now }

    private static let monotonicSeconds: @Sendable () -> Int64 = {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec)
    }

    /// Readies the contexts to seal a ticket, and writes the key's name and a fresh iv. False when libcrypto refuses;
    /// then there is no ticket.
    func seal(
        name: UnsafeMutablePointer<UInt8>, iv: UnsafeMutablePointer<UInt8>, cipher: OpaquePointer, mac: OpaquePointer
    ) -> Bool {
        guard let key = sealingKey(), RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1 else {
            return false
        }
        name.update(from: key.name, count: Self.nameBytes)
        return steward_ticket_keys(cipher, mac, key.cipher, key.mac, iv, 1) == 1
    }

    /// Readies the contexts to open a ticket. False when its key is not known (any more): the client then shakes hands
    /// in full.
    func open(
        name: UnsafePointer<UInt8>, iv: UnsafePointer<UInt8>, cipher: OpaquePointer, mac: OpaquePointer
    ) -> Bool {
        let wanted = UnsafeBufferPointer(start: name, count: Self.nameBytes)
        let oldest = now() - Self.sealingSeconds - Self.ticketLifetimeSeconds
        let key = keys.withLock { keys in
            keys.first { $0.bornAt >= oldest && $0.name.elementsEqual(wanted) }
        }
        guard let key else { return false }
        return steward_ticket_keys(cipher, mac, key.cipher, key.mac, iv, 0) == 1
    }

    private func sealingKey() -> Key? {
        let now = now()
        return keys.withLock { keys in
            if let newest = keys.first, now - newest.bornAt < Self.sealingSeconds { return newest }
            var secret = [UInt8](repeating: 0, count: Self.nameBytes + 2 * Self.secretBytes)
            guard RAND_bytes(&secret, Int32(secret.count)) == 1 else { return nil }
            let cipherEnd = Self.nameBytes + Self.secretBytes
            let fresh = Key(
                name: Array(secret[..<Self.nameBytes]), cipher: Array(secret[Self.nameBytes..<cipherEnd]),
                mac: Array(secret[cipherEnd...]), bornAt: now)
            let oldest = now - Self.sealingSeconds - Self.ticketLifetimeSeconds
            keys = [fresh] + keys.filter { $0.bornAt >= oldest }
            return fresh
        }
    }
}
