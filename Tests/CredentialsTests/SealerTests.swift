import Credentials
import Testing

@Suite struct SealerTests {
    private func key(_ id: UInt8) throws -> Sealer.Key {
        try Sealer.Key(id: id, bytes: [UInt8](repeating: id &+ 1, count: 32))
    }

    @Test func opensWhatItSealed() throws {
        let sealer = Sealer(current: try key(1))
        for count in [0, 1, 15, 16, 1_000] {
            let plain = [UInt8](repeating: 42, count: count)
            let sealed = try sealer.seal(plain, associated: [9])
            #expect(sealed.count == count + Sealer.overheadBytes)
            #expect(try sealer.open(sealed, associated: [9]) == plain)
        }
    }

    @Test func neverSealsTheSameWayTwice() throws {
        let sealer = Sealer(current: try key(1))
        #expect(try sealer.seal([1], associated: []) != sealer.seal([1], associated: []))
    }

    @Test func noticesEveryChangedBit() throws {
        let sealer = Sealer(current: try key(1))
        let sealed = try sealer.seal([1, 2, 3], associated: [9])
        for position in sealed.indices {
            for bit in 0..<8 {
                var changed = sealed
                changed[position] ^= 1 << bit
                #expect(throws: CredentialsError.self) { try sealer.open(changed, associated: [9]) }
            }
        }
        for count in 0..<sealed.count {
            #expect(throws: CredentialsError.self) {
                try sealer.open(Array(sealed.prefix(count)), associated: [9])
            }
        }
    }

    @Test func isBoundToItsPlace() throws {
        let sealer = Sealer(current: try key(1))
        let sealed = try sealer.seal([1], associated: [1])
        #expect(throws: CredentialsError.self) { try sealer.open(sealed, associated: [2]) }
    }

    @Test func changesKeysWithoutLosingWhatWasSealed() throws {
        let sealed = try Sealer(current: try key(1)).seal([5], associated: [])
        let renewed = Sealer(current: try key(2), former: [try key(1)])
        #expect(try renewed.open(sealed, associated: []) == [5])
        #expect(try renewed.seal([5], associated: [])[1] == 2)
        #expect(throws: CredentialsError.self) {
            try Sealer(current: try key(2)).open(sealed, associated: [])
        }
    }

    @Test func refusesAShortKey() {
        #expect(throws: CredentialsError.self) { try Sealer.Key(id: 0, bytes: [1]) }
    }
}
