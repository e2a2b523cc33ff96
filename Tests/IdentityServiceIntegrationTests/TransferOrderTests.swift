import Contracts
import IdentityContracts
import RPC
import Tenancy
import TestService
import Testing

@testable import IdentityService

// Orders that another one overtook.
extension TransferTests {
    /// What a user's department was in between counts, too: somebody decided otherwise since.
    @Test func whoWasAwayMeanwhileIsNotMoved() async throws {
        try await inMove { _, move in
            let third = try await move.workspace.makeDepartment("Third")
            let job = try await move.transfer(inDays: 2).jobID
            _ = try await move.moveByHand(to: third)
            _ = try await move.moveByHand(to: move.home)
            try await move.settle(after: 2)
            let failed = try await move.job(job)
            #expect(failed.state == .failed && failed.lastError == "TRANSFER_OUTDATED", "\(failed)")
            #expect(try await move.place() == move.home)
        }
    }

    /// Another change of the user is no other order, and a department that comes and goes is one, also when it is none.
    @Test func onlyDepartmentsCount() async throws {
        try await inMove { _, move in
            let first = try await move.transfer(inDays: 2).jobID
            try await move.workspace.update(User(id: move.user.description, jobTitle: "Head"), ["job_title"])
            try await move.settle(after: 2)
            #expect(try await move.job(first).state == .done)
            #expect(try await move.place() == move.department)
            let second = try await move.transfer(to: move.home, inDays: 4).jobID
            try await move.workspace.update(User(id: move.user.description), ["department_id"])
            _ = try await move.moveByHand(to: move.department)
            try await move.settle(after: 4)
            #expect(try await move.job(second).lastError == "TRANSFER_OUTDATED")
            #expect(try await move.place() == move.department)
        }
    }

    /// Tried again it stays what it was, also beside the transfer that was asked for since.
    @Test func anOldOrderThatIsTriedAgainMovesNobody() async throws {
        try await inMove { _, move in
            let third = try await move.workspace.makeDepartment("Third")
            let old = try await move.transfer(inDays: 1).jobID
            _ = try await move.moveByHand(to: third)
            try await move.settle(after: 1)
            #expect(try await move.job(old).lastError == "TRANSFER_OUTDATED")
            _ = try await move.moveByHand(to: move.home)
            let new = try await move.transfer(to: third, inDays: 5).jobID
            try await move.retry(old)
            try await move.settle(after: 1)
            #expect(try await move.job(old).state == .failed)
            #expect(try await move.job(old).lastError == "TRANSFER_OUTDATED")
            #expect(try await move.place() == move.home)
            #expect(try await move.job(new).state == .waiting)
            try await move.settle(after: 5)
            #expect(try await move.place() == third)
            #expect(try await move.job(new).state == .done)
        }
    }

    /// Of two that are open the one that was asked for last stands.
    @Test func oneThatIsTriedAgainBesideANewOneWaits() async throws {
        try await inMove(ofItsOwn: true) { identity, move in
            let customer = try #require(identity.services[.customer])
            customer.stands(Handover(openCount: 0, failure: "PERMISSION_MISSING"))
            let old = try await move.transfer(withRecords: true).jobID
            try await move.settle()
            #expect(try await move.job(old).lastError == "PERMISSION_MISSING")
            let begun = customer.calls(for: move.workspace.id).count
            let new = try await move.transfer(to: move.home, inDays: 5).jobID
            customer.stands(Handover(openCount: 0))
            try await move.retry(old)
            try await move.settle()
            #expect(try await move.job(old).state == .failed)
            #expect(try await move.job(old).lastError == "TRANSFER_OPEN")
            // Nothing is begun, and what may be under way ends.
            let calls = customer.calls(for: move.workspace.id).dropFirst(begun)
            #expect(calls.map { $0.method.split(separator: "/").last } == ["CancelHandover"])
            try await move.cancel(new)
            try await move.settle()
            try await move.retry(old)
            try await move.settle()
            #expect(try await move.job(old).state == .done)
        }
    }

    /// The records do not go after a user who is somewhere else by then, and those that are on their way stop.
    @Test(arguments: [true, false]) func recordsFollowNobodyWhoIsElsewhere(isAway: Bool) async throws {
        try await inMove(ofItsOwn: true) { identity, move in
            let (customer, sales) = (
                try #require(identity.services[.customer]), try #require(identity.services[.sales])
            )
            if isAway { customer.goAway(true) } else { customer.stands(Handover(openCount: 1)) }
            let job = try await move.transfer(inDays: 1, withRecords: true).jobID
            try await move.settle(after: 1)
            #expect(try await move.place() == move.department)
            #expect(try await move.job(job).step == "move_records_customer")
            _ = try await move.moveByHand(to: move.workspace.makeDepartment("Third"))
            customer.goAway(false)
            try await move.settle(after: 2)
            func methods() -> [String] { customer.calls(for: move.workspace.id).map(\.method) }
            if !isAway {
                #expect(methods() == ["BeginHandover", "CancelHandover"])
                #expect(try await move.job(job).state == .waiting)
                customer.stands(Handover(openCount: 0, report: JobReport(changedCount: 3)))
                try await move.settle(after: 3)
            }
            let failed = try await move.job(job)
            #expect(failed.state == .failed && failed.lastError == "TRANSFER_OUTDATED", "\(failed)")
            #expect(failed.report?.changedCount == (isAway ? 1 : 4))
            #expect(methods().contains("BeginHandover") != isAway && methods().last == "CancelHandover")
            #expect(sales.calls(for: move.workspace.id).isEmpty)
            // Nor when it is tried again after he has come back.
            _ = try await move.moveByHand(to: move.department)
            try await move.retry(job)
            try await move.settle(after: 4)
            #expect(try await move.job(job).lastError == "TRANSFER_OUTDATED")
            #expect(sales.calls(for: move.workspace.id).isEmpty)
        }
    }

    /// A part that failed is told when the others have ended, so that nothing of a saga that has failed is under way.
    @Test func itHasNotFailedBeforeAllPartsHaveEnded() async throws {
        try await inMove(ofItsOwn: true) { identity, move in
            let customer = try #require(identity.services[.customer])
            customer.stands(Handover(openCount: 1, failure: "PERMISSION_MISSING"))
            let job = try await move.transfer(withRecords: true).jobID
            try await move.settle()
            #expect(try await move.job(job).state == .waiting)
            customer.stands(Handover(openCount: 0, failure: "PERMISSION_MISSING"))
            try await move.settle(after: 1)
            #expect(try await move.job(job).state == .failed)
            #expect(try await move.job(job).lastError == "PERMISSION_MISSING")
        }
    }
}
