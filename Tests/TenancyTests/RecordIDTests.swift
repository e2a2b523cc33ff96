import Testing

@testable import Tenancy

@Suite struct RecordIDTests {
    @Test func everyDigitIsInItsPlace() {
        for shift in 0..<32 {
            for digit in 0..<16 as Range<UInt64> {
                let bits = digit << UInt64(shift % 16 * 4)
                let id = RecordID(high: shift < 16 ? bits : 0, low: shift < 16 ? 0 : bits)
                let hexadecimal = [id.high, id.low].map { word in
                    let digits = String(word, radix: 16)
                    return String(repeating: "0", count: 16 - digits.count) + digits
                }
                #expect(id.text.filter { $0 != "-" } == hexadecimal.joined())
                let hyphens = id.text.utf8.enumerated().filter { $0.element == UInt8(ascii: "-") }.map(\.offset)
                #expect(hyphens == [8, 13, 18, 23])
            }
        }
    }

    @Test func textRoundTrips() throws {
        for _ in 0..<1000 {
            let id = RecordID.make()
            #expect(RecordID(id.text) == id)
            #expect(RecordID(id.text.uppercased()) == id)
            #expect(RecordID(bytes: id.bytes) == id)
        }
    }

    @Test(arguments: [
        "", "0190b5a0-0000-7000-8000-00000000000", "0190b5a0-0000-7000-8000-0000000000000",
        "0190b5a000007000800000000000000000000", "0190b5a0-0000-7000-8000-00000000000g",
        "{190b5a0-0000-7000-8000-00000000000}", "0190b5a0_0000_7000_8000_000000000000",
    ])
    func refusesOtherText(_ text: String) {
        #expect(RecordID(text) == nil)
    }

    @Test func refusesOtherNumbersOfBytes() {
        #expect(RecordID(bytes: [UInt8](repeating: 0, count: 15)) == nil)
        #expect(RecordID(bytes: [UInt8](repeating: 0, count: 17)) == nil)
    }

    @Test func idsRiseAndCarryVersionAndVariant() {
        var last = RecordID.make()
        for _ in 0..<10_000 {
            let next = RecordID.make()
            #expect(last < next)
            #expect(next.high >> 12 & 0xf == 7)
            #expect(next.low >> 62 == 0b10)
            last = next
        }
    }

    @Test func idsCarryTheTime() {
        let now = UInt64(Timestamp.now().microseconds / 1000)
        let id = RecordID.make()
        #expect(id.high >> 16 >= now && id.high >> 16 < now + 60_000)
    }

    @Test func schemaNameIsOpaqueAndFixed() throws {
        let tenant = TenantID(RecordID(high: .max, low: .max))
        let schema = try #require(TenantSchema(tenantID: tenant, service: .customer))
        #expect(schema.name == "t_h" + String(repeating: "7", count: 25) + "_cu")
        let zero = try #require(TenantSchema(tenantID: TenantID(RecordID(high: 0, low: 1)), service: .sales))
        #expect(zero.name == "t_" + String(repeating: "a", count: 25) + "b_sa")
        #expect(TenantSchema(tenantID: tenant, service: .gateway) == nil)
    }

    @Test func schemaNamesDifferForTenantsAndServices() {
        let ids = (0..<100).map { _ in TenantID(RecordID.make()) }
        let names = ids.flatMap { id in
            [ServiceName.identity, .customer, .sales].compactMap { TenantSchema(tenantID: id, service: $0)?.name }
        }
        #expect(Set(names).count == 300)
        #expect(names.allSatisfy { $0.count == 31 && $0.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "_" } })
    }
}
