import Tenancy
import Testing

@testable import Postgres

@Suite struct ParametersTests {
    private func bytes(_ build: (inout Parameters) -> Void) -> [UInt8] {
        var parameters = Parameters()
        build(&parameters)
        #expect(parameters.count == 1)
        return parameters.bytes
    }

    @Test func numbersAreBigEndian() {
        #expect(bytes { $0.append(Int16(-2)) } == [0xff, 0xfe])
        #expect(bytes { $0.append(Int32(258)) } == [0, 0, 1, 2])
        #expect(bytes { $0.append(Int64(1)) } == [0, 0, 0, 0, 0, 0, 0, 1])
        #expect(bytes { $0.append(true) } == [1])
        #expect(bytes { $0.append(1.0) } == [0x3f, 0xf0, 0, 0, 0, 0, 0, 0])
    }

    @Test func timesCountFrom2000() {
        #expect(
            bytes { $0.append(Timestamp(microseconds: 946_684_800_000_001)) } == [0, 0, 0, 0, 0, 0, 0, 1])
        #expect(bytes { $0.append(Timestamp(microseconds: .min)) } == [0x80, 0, 0, 0, 0, 0, 0, 0])
        #expect(bytes { $0.append(CalendarDay(daysSince1970: 10_956)) } == [0xff, 0xff, 0xff, 0xff])
    }

    @Test func jsonCarriesItsVersion() {
        #expect(bytes { $0.appendJSON("{}") } == [1, 0x7b, 0x7d])
    }

    @Test func arraysAreReadBackAsTheyAreWritten() {
        var parameters = Parameters()
        parameters.append(["a", "", "bc"])
        var read: [String] = []
        parameters.bytes.withUnsafeBytes { bytes in
            var reader = ArrayReader(bytes, .text)
            for _ in 0..<(reader?.count ?? 0) {
                if let element = reader?.next() { read.append(String(decoding: element, as: UTF8.self)) }
            }
            #expect(ArrayReader(bytes, .uuid) == nil)
        }
        #expect(read == ["a", "", "bc"])
    }

    @Test func anArrayThatLiesAboutItsLengthIsRefused() {
        var parameters = Parameters()
        parameters.append([Int64]([1, 2, 3]))
        let whole = parameters.bytes
        for length in 0..<whole.count {
            whole[..<length].withUnsafeBytes { bytes in
                guard var reader = ArrayReader(bytes, .int8) else { return }
                var count = 0
                while count < 3, reader.next() != nil { count += 1 }
                #expect(count < 3)
            }
        }
        var boasting = whole
        boasting[12] = 0x7f
        boasting.withUnsafeBytes { #expect(ArrayReader($0, .int8) == nil) }
    }

    @Test func nullKeepsItsTypeAndTakesNoBytes() {
        var parameters = Parameters()
        parameters.append(String?.none)
        parameters.append(RecordID?.none)
        parameters.append("")
        #expect(parameters.entries.map(\.type) == [.text, .uuid, .text])
        #expect(parameters.entries.map(\.length) == [-1, -1, 0])
    }
}
