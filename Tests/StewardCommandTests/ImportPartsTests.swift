import Contracts
import Credentials
import Foundation
import RPC
import Tenancy
import Testing

@testable import steward

@Suite struct RowIdentityTests {
    private func identity(_ workspace: String = "demo", key: UInt8 = 7) throws -> RowIdentity {
        RowIdentity(key: try MACKey([UInt8](repeating: key, count: 32)), place: [workspace, "account"])
    }

    @Test func theSameCellsMakeTheSameRecord() throws {
        let id = try identity().id(of: [("display_name", "Acme"), ("city", "Berlin")])
        #expect(try identity().id(of: [("city", "Berlin"), ("display_name", "Acme"), ("email", "")]) == id)
        #expect(id.text.dropFirst(14).first == "8")
        #expect(["8", "9", "a", "b"].contains(id.text.dropFirst(19).first))
    }

    @Test func anythingElseMakesAnother() throws {
        let cells = [(path: "display_name", text: "Acme"), (path: "city", text: "Berlin")]
        let ids = try [
            identity().id(of: cells), identity("other").id(of: cells), identity(key: 8).id(of: cells),
            identity().id(of: [("display_name", "Acme"), ("city", "Berlin2")]),
            identity().id(of: [("display_name", "AcmeB"), ("city", "erlin")]),
            identity().id(of: [("display_name", "Acme"), ("region", "Berlin")]),
        ]
        #expect(Set(ids).count == ids.count)
    }

    @Test func equalRowsAreRecordsOfTheirOwn() throws {
        let rows = ["Acme", "Beta", "Acme", "Acme", "Beta"].map { [(path: "display_name", text: $0)] }
        var first = try identity()
        let ids = try rows.map { try first.nextID(of: $0) }
        #expect(Set(ids).count == 5)
        // The first of them has the id of a row that comes once, and the next import makes the same.
        #expect(try ids[0] == identity().id(of: rows[0]))
        var again = try identity()
        let repeated = try rows.map { try again.nextID(of: $0) }
        #expect(repeated == ids)
    }

    @Test func listsKeepTheirOrder() throws {
        let one = try identity().id(of: [("contact_points.email", "a"), ("contact_points.email", "b")])
        #expect(try identity().id(of: [("contact_points.email", "b"), ("contact_points.email", "a")]) != one)
    }
}

@Suite struct ImportReportTests {
    private func path() -> String { "/tmp/report-\(UInt64.random(in: 0 ... .max)).csv" }

    @Test func holdsWholeLinesAtEveryMoment() throws {
        let path = path()
        defer { unlink(path) }
        try "an older report\n".write(toFile: path, atomically: true, encoding: .utf8)
        let report = try ImportReport(path: path, source: "/dev/null")
        try report.checkRoom(rows: 250)
        try report.add([
            RowOutcome(line: 2, result: .created, id: "x"),
            RowOutcome(line: 3, result: .refused, column: "city", reason: "TOO_LONG", text: "a, \"b\"\nc"),
        ])
        // Read while it is open: as after a kill -9.
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(
            text == """
                line,result,id,column,reason,message
                2,created,x,,,
                3,refused,,city,TOO_LONG,"a, ""b""
                c"

                """)
        let cells = [
            RowOutcome.Fault(column: "city", reason: "A", text: "one"),
            RowOutcome.Fault(column: "email", reason: "B", text: "two"),
        ]
        let both = RowOutcome.refused(.init(line: 4, fields: []), cells)
        #expect(both.description == "line 4, column city: one [A]\nline 4, column email: two [B]")
        try report.add([both])
        #expect(
            try String(contentsOfFile: path, encoding: .utf8).hasSuffix(
                "4,refused,,city,A,one\n4,refused,,email,B,two\n"))
        try report.addUntried(from: 4, why: "interrupted")
        try report.close()
        #expect(
            try String(contentsOfFile: path, encoding: .utf8).hasSuffix(
                "4,not tried,,,,this row and all after it: interrupted\n"))
    }

    @Test func aFullDiskIsKnownBeforeAnythingIsSent() {
        let problem = #expect(throws: UsageProblem.self) { try ImportReport(path: "/dev/full", source: "/dev/null") }
        #expect(problem?.text.contains("No space left") == true)
    }

    @Test func doesNotOverwriteItsSource() throws {
        let path = path()
        defer { unlink(path) }
        try "display_name\nAcme\n".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(throws: UsageProblem.self) { try ImportReport(path: path, source: path) }
        #expect(try String(contentsOfFile: path, encoding: .utf8).hasPrefix("display_name"))
    }
}

@Suite struct PatienceTests {
    private func error(_ code: StatusCode, retryDelay: Duration? = nil) -> RPCError {
        RPCError(code, reason: "X", "No.", retryDelay: retryDelay)
    }

    @Test func waitsForWhatPasses() async throws {
        let patience = Patience(limit: .seconds(60)) {}
        var attempts = 0
        let value = try await patience.persist {
            attempts += 1
            if attempts < 3 { throw error(.unavailable) }
            return attempts
        }
        #expect(value == 3)
        #expect(Patience.isPassing(error(.resourceExhausted, retryDelay: .seconds(1))))
        #expect(!Patience.isPassing(error(.resourceExhausted)))
    }

    @Test func doesNotWaitForWhatDoesNotPassNorLongerThanItMay() async {
        let patience = Patience(limit: .zero) {}
        for code in [StatusCode.invalidArgument, .permissionDenied, .unavailable] {
            var attempts = 0
            await #expect(throws: RPCError.self) {
                try await patience.persist {
                    attempts += 1
                    throw error(code)
                }
            }
            #expect(attempts == 1)
        }
    }

    /// The server would have him wait for an hour.
    @Test func waitsNoLongerThanTheLimit() async {
        let patience = Patience(limit: .milliseconds(300)) {}
        var attempts = 0
        await #expect(throws: RPCError.self) {
            try await patience.persist {
                attempts += 1
                throw RPCError(
                    .unavailable, reason: "DATABASE_UNAVAILABLE", domain: "test", "full", retryDelay: .seconds(3_600))
            }
        }
        #expect(attempts >= 2)
    }

    @Test func renewsASessionOnce() async {
        let patience = Patience(limit: .seconds(60)) {}
        var attempts = 0
        await #expect(throws: RPCError.self) {
            try await patience.persist {
                attempts += 1
                throw error(.unauthenticated)
            }
        }
        #expect(attempts == 2)
        #expect(!Patience.leavesDoubt(error(.unauthenticated)))
        #expect(Patience.leavesDoubt(error(.unavailable)))
    }
}
