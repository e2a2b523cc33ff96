import Foundation
import Settings
import Tenancy
import Testing

@testable import ServiceHost

@Suite struct HostSettingsTests {
    private func read(_ program: ServiceName, _ overrides: [String]) throws -> (HostSettings, SettingsReader) {
        let reader = try SettingsReader(SettingsSources(overrides: overrides))
        return (HostSettings(program, reader), reader)
    }

    private let tls = ["tls.certificate=a.crt", "tls.key=a.key", "tls.ca=ca.crt"]

    @Test func aGatewayNeedsCertificatesOnly() throws {
        let (settings, reader) = try read(.gateway, tls)
        try reader.finish()
        #expect(settings.listen == "127.0.0.1:7400")
        #expect(settings.admin == "127.0.0.1:7410")
        #expect(settings.database == nil)
        #expect(settings.callerKeys.isEmpty)
        #expect(
            settings.peers == [
                .identity: ["127.0.0.1:7401"], .customer: ["127.0.0.1:7402"], .sales: ["127.0.0.1:7403"],
            ])
    }

    @Test func aServiceNeedsItsDatabaseAndKeyToo() throws {
        let key = NSTemporaryDirectory() + "caller-\(UUID().uuidString).key"
        try Data((String(repeating: "0f", count: 32) + "\n").utf8).write(to: URL(fileURLWithPath: key))
        defer { try? FileManager.default.removeItem(atPath: key) }
        let (settings, reader) = try read(
            .customer,
            tls + [
                "callerKeys.customer=\(key)", "database.dsn=host=/run",
                "peers.identity=a.example:1,[::1]:2",
            ])
        try reader.finish()
        #expect(settings.database?.connections == 8)
        #expect(settings.peers[.identity] == ["a.example:1", "[::1]:2"])
        #expect(
            try CallerKeys(settings.callerKeys).all.keys.sorted { $0.rawValue < $1.rawValue } == [.customer])
        #expect(!reader.effectiveText.contains("0f0f"))
    }

    /// The owner's login is the provisioner's; a program that is given it all the same says so and does not start.
    @Test(arguments: [ServiceName.gateway, .identity, .customer, .sales])
    func noOtherProgramTakesTheOwnersLogin(_ program: ServiceName) throws {
        let (_, reader) = try read(program, tls + ["provisioner.dsn=host=/run user=steward_provisioner"])
        do {
            try reader.finish()
            Issue.record("accepted")
        } catch {
            #expect(error.problems.contains { $0.contains("provisioner.dsn (from --set) is not a setting") })
        }
        #expect(!reader.effectiveText.contains("steward_provisioner"))
    }

    @Test func theProvisionerNeedsNoCallersAndNoPeers() throws {
        let (settings, reader) = try read(.provisioner, tls)
        try reader.finish()
        #expect(settings.listen == "127.0.0.1:7404")
        #expect(settings.admin == "127.0.0.1:7414")
        #expect(settings.database == nil && settings.callerKeys.isEmpty && settings.peers.isEmpty)
    }

    @Test func everythingMissingIsToldAtOnce() throws {
        let (_, reader) = try read(.identity, ["listen=nowhere", "peers.gateway=127.0.0.1:1"])
        do {
            try reader.finish()
            Issue.record("accepted")
        } catch {
            for part in [
                "listen is \"nowhere\"", "tls.certificate is missing", "database.dsn is missing",
                "callerKeys.identity is missing", "callerKeys.customer is missing",
                "callerKeys.sales is missing", "peers.gateway (from --set) is not a setting",
            ] { #expect(error.problems.contains { $0.contains(part) }, "\(part)") }
        }
    }

    @Test(arguments: ["127.0.0.1:1", "[::1]:7400", "*:7400", "db.example:65535"])
    func acceptsAddresses(_ text: String) { #expect(HostAndPort.isValid(text)) }

    @Test(arguments: ["", "7400", "host", "host:", ":7400", "host:65536", "::1:7400", "host:-1"])
    func refusesOtherAddresses(_ text: String) { #expect(!HostAndPort.isValid(text)) }

    @Test func keysMustBeKeys() {
        #expect(throws: StartError.self) { try CallerKeys([.customer: Secret("0f0f")]) }
        #expect(throws: StartError.self) {
            try CallerKeys([.customer: Secret(String(repeating: "x", count: 64))])
        }
    }

    @Test func derivedKeysDifferByPurposeOnly() throws {
        let keys = try CallerKeys([.customer: Secret(String(repeating: "0f", count: 32))])
        #expect(try keys.derived("a", for: .customer) == keys.derived("a", for: .customer))
        #expect(try keys.derived("a", for: .customer) != keys.derived("b", for: .customer))
        #expect(try keys.derived("a", for: .customer).count == 32)
    }
}
