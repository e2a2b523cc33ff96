import CContracts
import Contracts
import IdentityContracts
import SalesContracts
import Tenancy
import Testing
import Wire

/// Generated values and the bytes they stand for.
@Suite struct ValueTests {
    @Test func aDealSurvivesTheWire() throws {
        let deal = Deal(
            id: "0190b8e2-0000-7000-8000-000000000001", version: .max,
            createTime: Timestamp(microseconds: 1_790_000_000_123_456),
            updateTime: Timestamp(microseconds: -1),
            customFields: [
                CustomField(name: "size", intValue: -3), CustomField(name: "note", stringValue: ""),
                CustomField(name: "hot", boolValue: false),
                CustomField(name: "rate", doubleValue: 0.1),
                CustomField(name: "at", timeValue: Timestamp(microseconds: 0)),
            ],
            displayName: "Grüße 🐘", amount: Money(currencyCode: "EUR", minorUnits: 0), closeDate: "2026-12-31"
        )
        #expect(try Deal(decoding: deal.encoded()) == deal)
    }

    @Test func absentIsNotEmpty() throws {
        let empty = try Deal(decoding: Deal().encoded())
        #expect(
            empty.displayName == nil && empty.version == nil && empty.amount == nil
                && empty.customFields.isEmpty)
        let set = try Deal(decoding: Deal(version: 0, displayName: "", amount: Money()).encoded())
        #expect(set.displayName == "" && set.version == 0 && set.amount == Money())
    }

    @Test func bytesAreBytes() throws {
        let session = Session(sessionHandle: [0, 1, 255], refreshToken: [])
        #expect(try Session(decoding: session.encoded()) == session)
        let revoked = WatchRevocationsResponse(sessionIDs: [[1], [], [0, 0]])
        #expect(try WatchRevocationsResponse(decoding: revoked.encoded()) == revoked)
    }

    @Test func enumsKeepNumbersTheyDoNotKnow() throws {
        let response = CheckReferencesResponse(states: [
            .ok, .missing, ReferenceState(rawValue: 99), ReferenceState(rawValue: -1),
        ])
        #expect(try CheckReferencesResponse(decoding: response.encoded()) == response)
        #expect(ReferenceState.unspecified.rawValue == 0)
        let column = BoardColumn(category: StageCategory(rawValue: 77))
        #expect(try BoardColumn(decoding: column.encoded()).category?.rawValue == 77)
    }

    @Test func aFilterMayHoldFilters() throws {
        var filter = Filter(
            compare: Comparison(
                field: "x", operator: .in, values: [Value(intValue: 1), Value(stringValue: "2")]))
        filter = Filter(
            not: Filter(any: FilterGroup(filters: [filter, Filter(all: FilterGroup(filters: [filter]))])))
        #expect(try Filter(decoding: filter.encoded()) == filter)
        #expect(filter.not?.any?.filters.count == 2)
        filter.not = nil
        #expect(filter == Filter())
    }

    @Test func aTokenOfTheEnvelopeIsAValueToo() throws {
        let response = ResolveSessionResponse(
            token: CallerToken(claims: [1], macs: [CallerMAC(audience: "sales", mac: [2])]),
            tokenExpireMicros: 5)
        #expect(try ResolveSessionResponse(decoding: response.encoded()) == response)
    }

    @Test func refusesWhatIsNoMessage() {
        #expect(throws: WireError.self) { try Deal(decoding: [0x0A, 0x05, 0x61]) }
    }

    @Test func longListsSurvive() throws {
        let page = ListDealsResponse(
            records: (0..<1000).map { Deal(id: "\($0)", version: Int64($0)) }, nextPageToken: "t")
        #expect(try ListDealsResponse(decoding: page.encoded()) == page)
    }
}

/// google.protobuf.Timestamp and microseconds.
@Suite struct TimestampTests {
    private static let descriptor = MessageDescriptor(google_protobuf_timestamp_descriptor())

    /// The time of a Value whose Timestamp has these parts.
    private func time(seconds: Int64, nanos: Int32) -> Timestamp? {
        let arena = Arena()
        let message = Value().message(in: arena)
        guard let field = Value.descriptor.field("time_value") else { return nil }
        let parts = message.makeMessage(field).as(Google__Protobuf__Timestamp.self)
        parts.pointee.seconds = seconds
        parts.pointee.nanos = nanos
        return Value(message).timeValue
    }

    @Test(
        arguments: [
            (0, 0, 0), (1, 999_999_999, 1_999_999), (-1, 999_999_000, -1), (-1, 0, -1_000_000),
            (Int64.max, 0, Int64.max), (Int64.min, 0, Int64.min),
            (Int64.max / 1_000_000, 999_999_999, Int64.max),
        ] as [(Int64, Int32, Int64)])
    func reads(_ seconds: Int64, _ nanos: Int32, _ microseconds: Int64) {
        #expect(time(seconds: seconds, nanos: nanos)?.microseconds == microseconds)
    }

    @Test(
        arguments: [0, 1, -1, 999_999, 1_000_000, -1_000_000, -1_000_001, 1_790_000_000_123_456, .max, .min]
            as [Int64])
    func survives(_ microseconds: Int64) throws {
        let value = Value(timeValue: Timestamp(microseconds: microseconds))
        #expect(try Value(decoding: value.encoded()) == value)
    }

    @Test func nanosAreNeverNegative() throws {
        let message = Value(timeValue: Timestamp(microseconds: -1)).message(in: Arena())
        let field = try #require(Value.descriptor.field("time_value"))
        let parts = try #require(message.message(field)).as(Google__Protobuf__Timestamp.self)
        #expect(parts.pointee.seconds == -1 && parts.pointee.nanos == 999_999_000)
    }
}
