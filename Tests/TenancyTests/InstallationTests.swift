import Tenancy
import Testing

@Suite struct InstallationTests {
    private let plain = """
        # a comment

        gateway   7400  -   identity,notes  -      The server
        identity  7401  id  -               -      The service for users
        notes     7405  no  identity        scrap  The service for notes
        """

    @Test func aLineSaysAllOfAProgram() throws {
        let installation = try Installation(text: plain)
        let notes = try #require(installation.programs.last)
        #expect(notes.name == ServiceName("notes", schemaSuffix: "no"))
        #expect(notes.name.peerName == "notes.steward.internal")
        #expect(notes.port == 7405)
        #expect(notes.purpose == "The service for notes")
        #expect(notes.packages == ["steward.notes.v1.", "steward.scrap.v1."])
        #expect(installation.program(offering: "steward.scrap.v1.ScrapService") == notes.name)
        #expect(installation.program(offering: "steward.platform.v1.PolicyService") == nil)
        #expect(installation.programs[0].calls.map(\.rawValue) == ["identity", "notes"])
        #expect(installation.dataServices.map(\.rawValue) == ["identity", "notes"])
        #expect(installation.recordServices.map(\.rawValue) == ["notes"])
        #expect(Set(installation.callers(of: notes.name).map(\.rawValue)) == ["gateway"])
        #expect(TenantSchema(tenantID: TenantID(.make()), service: notes.name)?.name.hasSuffix("_no") == true)
    }

    @Test func everyProgramIsFoundByItsNames() {
        #expect(ServiceName.allCases.count == 5)
        for program in ServiceName.allCases {
            #expect(ServiceName(rawValue: program.rawValue) == program)
            #expect(ServiceName(peerName: program.peerName) == program)
            #expect(Installation.current[program].name == program)
        }
        #expect(ServiceName(rawValue: "notes") == nil)
    }

    @Test(arguments: [
        ("notes 7405 no", "it has program, port, schema, calls, further and purpose"),
        ("Notes 7405 no - - x", "Notes is not of the letters a to z"),
        ("notes 80 no - - x", "80 is no port from 1024 to 65525"),
        ("notes 7405 note - - x", "note is not two letters from a to z, or -"),
        ("notes 7405 no tasks - x", "notes: it cannot call tasks, which is no other program"),
        ("notes 7405 no - Scrap x", "Scrap are not packages of the letters a to z, or -"),
        ("notes 7405 no notes - x", "notes: it cannot call notes, which is no other program"),
    ])
    func aWrongLineSaysWhatIsWrong(_ line: String, _ problem: String) {
        let thrown = #expect(throws: Installation.Problem.self) { try Installation(text: line) }
        #expect(thrown?.description == "installation.txt, line 1: \(problem)")
    }

    @Test(arguments: ["notes 7406 xx - - x", "tasks 7405 xx - - x", "tasks 7415 xx - - x", "tasks 7406 no - - x"])
    func whatIsOneProgramsIsNoOthers(_ line: String) {
        #expect(throws: Installation.Problem.self) { try Installation(text: "notes 7405 no - - x\n" + line) }
    }
}
