import Tenancy
import Testing

@testable import IdentityService

struct DepartmentTreeTests {
    private let ids = (0..<20).map { _ in RecordID.make() }

    /// ids[0] on top, each next one below the one before.
    private func chain(_ count: Int) -> DepartmentTree {
        var parents: [RecordID: RecordID?] = [:]
        for index in 0..<count { parents.updateValue(index == 0 ? nil : ids[index - 1], forKey: ids[index]) }
        return DepartmentTree(parents: parents)
    }

    @Test func placesAtTheTopAndBelow() throws {
        try chain(3).check(placing: ids[10], under: nil)
        try chain(3).check(placing: ids[10], under: ids[2])
        try chain(3).check(placing: ids[2], under: ids[0])
    }

    @Test func refusesCycles() {
        #expect(throws: DepartmentTree.Violation.cycle) { try chain(3).check(placing: ids[0], under: ids[2]) }
        #expect(throws: DepartmentTree.Violation.cycle) { try chain(3).check(placing: ids[1], under: ids[1]) }
    }

    @Test func tellsWhatIsAbove() {
        #expect(chain(4).path(from: ids[2]) == [ids[2], ids[1], ids[0]])
        #expect(chain(4).path(from: nil).isEmpty)
        #expect(chain(4).path(from: ids[10]).isEmpty)
    }

    @Test func refusesUnknownParents() {
        #expect(throws: DepartmentTree.Violation.parentMissing) {
            try chain(3).check(placing: ids[10], under: ids[11])
        }
    }

    @Test func endsAtSixteenLevels() throws {
        try chain(15).check(placing: ids[18], under: ids[14])
        #expect(throws: DepartmentTree.Violation.tooDeep) {
            try chain(16).check(placing: ids[18], under: ids[15])
        }
    }

    /// A department takes everything below it along.
    @Test func countsTheLevelsBelow() throws {
        var parents: [RecordID: RecordID?] = [:]
        for index in 0..<10 { parents.updateValue(index == 0 ? nil : ids[index - 1], forKey: ids[index]) }
        for index in 10..<17 { parents.updateValue(index == 10 ? nil : ids[index - 1], forKey: ids[index]) }
        let tree = DepartmentTree(parents: parents)
        try tree.check(placing: ids[10], under: ids[8])
        #expect(throws: DepartmentTree.Violation.tooDeep) { try tree.check(placing: ids[10], under: ids[9]) }
    }

    /// What a broken table could hold must not hang the program.
    @Test func endsOnCyclesThatAreThere() {
        let tree = DepartmentTree(parents: [ids[0]: ids[1], ids[1]: ids[0]])
        #expect(throws: DepartmentTree.Violation.tooDeep) { try tree.check(placing: ids[5], under: ids[0]) }
    }
}
