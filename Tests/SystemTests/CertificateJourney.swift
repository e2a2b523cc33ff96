import Contracts
import CustomerContracts
import Foundation
import RPC
import SalesContracts
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// Certificates that change while the programs run: nobody tells them.
    @Suite(.serialized) struct CertificateJourney {
        private static let health = "steward.rpc.v1.HealthService/CheckHealth"
        private static let watch = "steward.rpc.v1.HealthService/WatchHealth"

        private func fingerprint(_ gateway: LoneGateway) async throws -> [UInt8] {
            let raw = try await gateway.connect()
            let fingerprint = try #require(raw.serverFingerprint)
            await raw.close()
            return fingerprint
        }

        /// Calls and a stream that are under way see nothing of it.
        @Test func aNewCertificateIsSeenByNewConnectionsOnly() async throws {
            let gateway = try await LoneGateway.start()
            let before = try await fingerprint(gateway)
            let old = try await gateway.connect()
            old.send(RawClient.hello + RawClient.call(1, Self.watch))
            try gateway.renewCertificate()
            var calls: UInt64 = 1
            try await eventually("new connections see the new certificate") {
                calls += 1
                old.send(RawClient.call(calls, Self.health))
                #expect(await old.status(of: calls)?.code == .ok)
                return try await fingerprint(gateway) != before
            }
            try await eventually("it is said in the log") {
                try gateway.program.log().contains("certificates have changed and are in use")
            }
            #expect(old.serverFingerprint == before)
            // The stream has lived until the very end.
            gateway.program.send(SIGTERM)
            #expect(await old.status(of: 1)?.reason == "DRAINING")
            await old.close()
            _ = try await gateway.program.awaitEnding()
        }

        @Test func aBrokenCertificateLeavesTheOldOneInUse() async throws {
            let gateway = try await LoneGateway.start()
            let before = try await fingerprint(gateway)
            let path = gateway.certificate.certificate
            try "not a certificate".write(toFile: path, atomically: true, encoding: .utf8)
            try await eventually("it is said in the log") {
                let log = try gateway.program.log()
                return log.contains("the old ones stay") && log.contains("the certificate chain \(path) cannot be used")
            }
            #expect(try await fingerprint(gateway) == before)
            // Once it is mended, it is used.
            try gateway.renewCertificate()
            try await eventually("new connections see the new certificate") {
                try await fingerprint(gateway) != before
            }
            try await gateway.stop()
        }

        /// Who holds the key of one program is believed to be that program only: not by a client that looks for the gateway, and not
        /// by the others.
        @Test func aStolenCertificatePlaysNoOtherProgram() async throws {
            let gateway = try await LoneGateway.start()
            let address = { (port: Int) in "localhost:\(port)" }
            let genuine = try await StewardConnection.connect(
                to: address(gateway.program.port), trustRoots: gateway.trustRoots)
            await genuine.close()
            try await gateway.stop()
            for thief in [ServiceName.sales, .identity, .provisioner] {
                let impostor = try await LoneGateway.start(withCertificateOf: thief)
                let error = try await refusal {
                    try await StewardConnection.connect(
                        to: address(impostor.program.port), trustRoots: impostor.trustRoots)
                }
                #expect(error.reason == Reason.serverNotTrusted.name)
                #expect(error.message.contains("hostname mismatch"), "\(error)")
                try await impostor.stop()
            }

            let steward = try await TestSteward.start()
            let (own, stolen) = (steward.certificate(of: .identity), steward.certificate(of: .sales))
            try await steward.identity.stop()
            for (path, loot) in [(own.certificate, stolen.certificate), (own.key, stolen.key)] {
                try FileManager.default.removeItem(atPath: path)
                try FileManager.default.copyItem(atPath: loot, toPath: path)
            }
            try steward.identity.launch()
            // It is up, and nobody takes it for identity.
            try await eventually("identity answers") { steward.identity.page("/healthz")?.status == 200 }
            for program in [steward.gateway, steward.sales, steward.customer] {
                try await eventually("\(program.name) misses identity") {
                    program.page("/readyz")?.body.contains("peer identity: ") == true
                }
            }
            try steward.renewCertificate(of: .identity)
            steward.identity.send(SIGHUP)
            try await eventually("identity is taken for identity") {
                steward.gateway.page("/readyz")?.body == "ready\n"
            }
            try await steward.stop()
        }

        /// A key that somebody took from a program opens no door any more, while the program itself goes on.
        @Test func aStolenKeyIsShutOut() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            let tool = try CommandLineTool(steward)
            let files = steward.certificate(of: .sales)
            let folder = URL(filePath: files.certificate).deletingLastPathComponent().path
            let stolen = (certificate: "\(tool.folder)/stolen.crt", key: "\(tool.folder)/stolen.key")
            try FileManager.default.copyItem(atPath: files.certificate, toPath: stolen.certificate)
            try FileManager.default.copyItem(atPath: files.key, toPath: stolen.key)
            #expect(try await mayEnter(steward, stolen))

            let revoked = try await tool.run("pki", "revoke", "--dir", folder, "sales")
            #expect(revoked.code == 0, "\(revoked.errors)")
            let serial = try #require(revoked.lines.first?.split(separator: " ").last)
            try await eventually("the stolen certificate is refused") { try await !mayEnter(steward, stolen) }
            // Whoever is refused may know it before the line is in the log.
            try await eventually("the log tells whose certificate was refused, and why") {
                let log = try steward.customer.log()
                return log.contains("sales.steward.internal, serial \(serial)") && log.contains("certificate revoked")
            }

            // The program itself, with its new certificate, on new connections.
            try await steward.sales.stop()
            try await steward.sales.start()
            try await eventually("sales is reached, and reaches the others") {
                do {
                    let account = try await workspace.admin.accounts.createAccount(
                        CreateAccountRequest(record: Account(displayName: "A")))
                    _ = try await workspace.admin.deals.createDeal(
                        CreateDealRequest(record: Deal(displayName: "Desk", accountID: account.record?.id)))
                    return true
                } catch let error as RPCError where error.code == .unavailable {
                    return false
                }
            }
            let shown = try await tool.run("pki", "show", "--dir", folder)
            #expect(shown.lines.contains("revoked: \(serial)"))
            let rotated = try await tool.run("pki", "rotate", "--dir", folder)
            #expect(rotated.lines == ["nothing is due"])
            await workspace.close()
            try await steward.stop()
        }

        /// Whether the customer service lets in who shows this certificate.
        private func mayEnter(_ steward: TestSteward, _ files: (certificate: String, key: String)) async throws -> Bool
        {
            let raw = try await RawClient.connect(
                port: steward.customer.port, serverName: ServiceName.customer.peerName, trustRoots: steward.trustRoots,
                certificate: files.certificate, key: files.key)
            raw.send(RawClient.hello + RawClient.call(1, Self.health))
            let status = await raw.status(of: 1)
            await raw.close()
            return status?.code == .ok
        }
    }
}
