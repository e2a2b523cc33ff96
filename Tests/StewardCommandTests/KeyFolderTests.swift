import Credentials
import Foundation
import Tenancy
import Testing

@testable import steward

/// What `steward pki` does to its folder.
struct KeyFolderTests {
    private let folder: KeyFolder
    private let authority: CertificateAndKey

    init() throws {
        folder = KeyFolder(path: "/tmp/steward-keys-\(UUID().uuidString)")
        try folder.create()
        authority = try folder.authority { _ in }
    }

    private func remove() { try? FileManager.default.removeItem(atPath: folder.path) }

    private func facts(_ program: ServiceName) throws -> CertificateFacts { try #require(folder.facts(of: program)) }

    @Test func aThirdOfLifeLeftIsDue() throws {
        defer { remove() }
        try folder.issue(.gateway, by: authority, hosts: [], days: 30)
        let facts = try facts(.gateway)
        #expect(facts.lifetimeDays == 30)
        let life = facts.notAfter - facts.notBefore
        #expect(!facts.isDue(at: facts.notAfter - life / 3 - 1))
        #expect(facts.isDue(at: facts.notAfter - life / 3 + 1))
        #expect(facts.isDue(at: facts.notAfter + 1))
    }

    @Test func rotationKeepsNamesAndLifetime() throws {
        defer { remove() }
        try folder.issue(.gateway, by: authority, hosts: ["crm.example", "192.0.2.7", "2001:db8::7"], days: 7)
        let before = try facts(.gateway)
        #expect(before.dnsNames == ["gateway.steward.internal", "crm.example"])
        #expect(before.ipAddresses == ["192.0.2.7", "2001:db8::7"])
        try folder.reissue(.gateway, by: authority, days: nil)
        let after = try facts(.gateway)
        #expect(after.serial != before.serial && after.dnsNames == before.dnsNames)
        #expect(after.ipAddresses == before.ipAddresses && after.lifetimeDays == 7)
        try folder.reissue(.gateway, by: authority, days: 3)
        #expect(try facts(.gateway).lifetimeDays == 3)
    }

    /// Whoever takes one program for another would believe it if they shared a name.
    @Test func eachCertificateNamesItsProgramOnly() throws {
        defer { remove() }
        for program in ServiceName.allCases {
            try folder.issue(program, by: authority, hosts: [], days: 7)
            #expect(try facts(program).dnsNames == ["\(program.rawValue).steward.internal"])
            #expect(try facts(program).ipAddresses == [])
        }
    }

    /// Certificates of an earlier version named the machine, so that any of them could stand for the gateway.
    @Test(arguments: [ServiceName.sales, .gateway])
    func aCertificateThatNamesTheMachineIsMadeAnew(_ program: ServiceName) throws {
        defer { remove() }
        let old = try Certificates.issue(
            LeafRequest(
                commonName: program.peerName, dnsNames: [program.peerName, "localhost"],
                ipAddresses: ["127.0.0.1"], lifetimeDays: 7), by: authority)
        try old.write(
            certificatePath: "\(folder.path)/\(program.rawValue).crt", keyPath: "\(folder.path)/\(program.rawValue).key"
        )
        #expect(!folder.hasLeaf(of: program))
        try folder.reissue(program, by: authority, days: nil)
        #expect(try facts(program).dnsNames == [program.peerName])
        #expect(folder.hasLeaf(of: program))
    }

    /// Cut short between the two files.
    @Test func aKeyThatIsNotTheCertificatesCountsAsMissing() throws {
        defer { remove() }
        try folder.issue(.sales, by: authority, hosts: [], days: 7)
        #expect(folder.hasLeaf(of: .sales))
        try folder.issue(.customer, by: authority, hosts: [], days: 7)
        try PrivateFile.write(Array(folder.text("customer.key").utf8), to: "\(folder.path)/sales.key")
        #expect(!folder.hasLeaf(of: .sales))
    }

    @Test func revocationTakesBackWhatWasReplacedLongAgo() throws {
        defer { remove() }
        try folder.issue(.sales, by: authority, hosts: [], days: 7)
        let first = try facts(.sales)
        try folder.reissue(.sales, by: authority, days: nil)
        let second = try facts(.sales)
        try folder.issue(.customer, by: authority, hosts: [], days: 7)
        let revoked = try folder.revoke(.sales, by: authority, days: nil)
        #expect(Set(revoked) == [first.serial, second.serial])
        #expect(try Set(RevocationList.serials(ofPEM: folder.text("ca.crl"))) == [first.serial, second.serial])
        let third = try facts(.sales)
        #expect(try folder.revoke(.sales, by: authority, days: nil).contains(third.serial))
        let all = try RevocationList.serials(ofPEM: folder.text("ca.crl"))
        #expect(Set(all) == [first.serial, second.serial, third.serial] && all.count == 3)
    }

    @Test func theLogForgetsWhatHasEnded() throws {
        defer { remove() }
        try folder.issue(.sales, by: authority, hosts: [], days: 7)
        let log = try IssueLog(text: folder.text("issued"))
        let facts = try facts(.sales)
        #expect(log.text(at: facts.notAfter - 1) == "sales \(facts.serial) \(facts.notAfter)\n")
        #expect(log.text(at: facts.notAfter) == "")
        #expect(throws: UsageProblem.self) { try IssueLog(text: "sales 01\n") }
    }
}
