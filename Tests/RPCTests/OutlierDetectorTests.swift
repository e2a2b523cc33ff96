import RPC
import Testing

@Suite struct OutlierDetectorTests {
    private static let second: UInt64 = 1_000_000_000

    /// Makes the instance fail until it is ejected, at most so often.
    private func fail(
        _ detector: inout OutlierDetector, _ number: Int, at now: UInt64, atMost count: Int = 5
    ) -> Duration? {
        for _ in 0..<count { if let time = detector.failed(number, at: now) { return time } }
        return nil
    }

    private func detector(_ count: Int) -> OutlierDetector {
        var detector = OutlierDetector()
        for expected in 0..<count {
            let number = detector.add()
            #expect(number == expected)
        }
        return detector
    }

    @Test func failuresInARowEject() {
        var detector = detector(2)
        let early = fail(&detector, 0, at: 1, atMost: 4)
        #expect(early == nil)
        detector.succeeded(0)
        let again = fail(&detector, 0, at: 1, atMost: 4)
        #expect(again == nil)
        let fifth = detector.failed(0, at: 1)
        #expect(fifth == .seconds(5))
        #expect(detector.isEjected(0, at: 2))
        #expect(!detector.isEjected(1, at: 2))
        #expect(!detector.isEjected(0, at: 1 + 5 * Self.second))
    }

    @Test func eachEjectionLastsTwiceAsLongAsTheLast() {
        var detector = detector(2)
        var now: UInt64 = 1
        var times: [Duration?] = []
        for _ in 0..<6 {
            let time = fail(&detector, 0, at: now)
            times.append(time)
            now += (time ?? .zero).nanosecondsClamped
        }
        #expect(times == [5, 10, 20, 40, 60, 60].map { .seconds($0) })
        // A minute without another: it begins again.
        now += 61 * Self.second
        let later = fail(&detector, 0, at: now)
        #expect(later == .seconds(5))
    }

    @Test(arguments: [(1, 0), (2, 1), (3, 1), (4, 2), (7, 3)])
    func neverMoreThanHalf(count: Int, ejectedMax: Int) {
        var detector = detector(count)
        for number in 0..<count { _ = fail(&detector, number, at: 1, atMost: 50) }
        let ejected = (0..<count).count { detector.isEjected($0, at: 2) }
        #expect(ejected == ejectedMax)
    }

    /// Every other call of one instance fails: never five in a row, and far more than those of the others.
    @Test func farMoreFailuresThanTheOthersEject() {
        var detector = detector(3)
        var ejected: Duration?
        for _ in 0..<100 {
            detector.succeeded(0)
            detector.succeeded(1)
            detector.succeeded(2)
            ejected = ejected ?? detector.failed(0, at: 1)
        }
        #expect(ejected == .seconds(5))
    }

    /// What all instances suffer from is not the fault of one.
    @Test func aTroubleOfAllEjectsNobody() {
        var detector = detector(3)
        for _ in 0..<200 {
            for number in 0..<3 {
                detector.succeeded(number)
                let ejected = detector.failed(number, at: 1)
                #expect(ejected == nil)
            }
        }
    }

    /// Calls of long ago say nothing.
    @Test func aWindowForgets() {
        var detector = detector(2)
        for round in 0..<100 as Range<UInt64> {
            let now = round * 11 * Self.second + 1
            for _ in 0..<60 {
                detector.succeeded(1)
                detector.succeeded(0)
            }
            for _ in 0..<4 {
                let ejected = detector.failed(0, at: now)
                #expect(ejected == nil)
            }
        }
    }

    @Test func anInstanceThatGoesMakesRoomForAnother() {
        var detector = detector(2)
        _ = fail(&detector, 0, at: 1)
        #expect(detector.isEjected(0, at: 2))
        detector.remove(0)
        let number = detector.add()
        #expect(number == 0)
        #expect(!detector.isEjected(0, at: 2))
    }
}
