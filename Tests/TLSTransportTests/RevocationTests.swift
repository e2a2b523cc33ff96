import Foundation
import Testing

@testable import TLSTransport

/// Keys that were stolen are shut out, with and without a session to resume.
@Suite(.timeLimit(.minutes(1))) struct RevocationTests {
    /// What a refused client hears: in TLS 1.3 only when it reads.
    private func connectAndTalk(_ stage: Stage, _ context: TLSContext) async throws -> TLSError? {
        let (client, recorder) = try await stage.connect(context)
        client.send([1])
        await recorder.wait { $0.isClosed || $0.received == [1] }
        if !recorder.isClosed { client.abort() }
        return recorder.received == [1] ? nil : recorder.closeError
    }

    @Test func aRevokedClientIsRefusedAndTheLogNamesIt() async throws {
        try await Stage.run(verifyClients: true, hasRevocations: true) { stage in
            let context = try stage.clientContext()
            #expect(try await connectAndTalk(stage, context) == nil)
            try stage.certificates.revoke("client")
            try stage.serverContext.reload()
            let error = try await connectAndTalk(stage, stage.clientContext())
            #expect(error?.description.contains("revoked") == true)
            let failure = try #require(stage.accepted.failures.last)
            #expect(failure.kind == .peerNotTrusted)
            let serial = try stage.certificates.serial("client")
            #expect(failure.description.contains("(client, serial \(serial))"), "\(failure)")
            #expect(failure.description.contains("certificate revoked"))
        }
    }

    /// The ticket was given while the certificate was good.
    @Test func aRevokedClientCannotResume() async throws {
        try await Stage.run(verifyClients: true, hasRevocations: true) { stage in
            let context = try stage.clientContext()
            for _ in 0..<2 { #expect(try await connectAndTalk(stage, context) == nil) }
            #expect(stage.accepted.connections.map(\.isResumed) == [false, true])
            try stage.certificates.revoke("client")
            try stage.serverContext.reload()
            let error = try await connectAndTalk(stage, context)
            #expect(error?.description.contains("revoked") == true)
            #expect(stage.accepted.connections.count == 2)
        }
    }

    @Test func othersResumeAcrossAReload() async throws {
        try await Stage.run(verifyClients: true, hasRevocations: true) { stage in
            let context = try stage.clientContext()
            #expect(try await connectAndTalk(stage, context) == nil)
            try stage.certificates.leaf("stranger")
            try stage.certificates.revoke("stranger")
            try stage.certificates.leaf("server")
            try stage.serverContext.reload()
            #expect(try await connectAndTalk(stage, context) == nil)
            #expect(stage.accepted.connections.map(\.isResumed) == [false, true])
            #expect(stage.accepted.connections.allSatisfy { $0.peer?.commonName == "client" })
        }
    }

    /// What an authority vouched for that is trusted no more.
    @Test func aClientOfAnAuthorityThatWasTakenAwayCannotResume() async throws {
        try await Stage.run(verifyClients: true) { stage in
            let context = try stage.clientContext()
            #expect(try await connectAndTalk(stage, context) == nil)
            try stage.certificates.authority("ca")
            try stage.serverContext.reload()
            #expect(try await connectAndTalk(stage, context) != nil)
            #expect(stage.accepted.connections.count == 1)
        }
    }

    @Test func aRevokedServerIsRefused() async throws {
        try await Stage.run(hasRevocations: true) { stage in
            try stage.certificates.revoke("server")
            let error = await #expect(throws: TLSError.self) { try await stage.connect(try stage.clientContext()) }
            #expect(error?.kind == .peerNotTrusted && error?.description.contains("revoked") == true)
        }
    }

    @Test func listsThatCannotBeUsedAreNamed() throws {
        let certificates = try TestCertificates()
        try certificates.leaf("one")
        var settings = certificates.settings("one")
        settings.revocationLists = certificates.path("crl.pem")
        expectError(settings, naming: ["crl.pem", "correct the path"])
        try "nothing".write(toFile: certificates.path("crl.pem"), atomically: true, encoding: .utf8)
        expectError(settings, naming: ["crl.pem", "steward pki revoke"])
        // One whose authority is not trusted, and one that another authority of the same name has signed.
        try certificates.authority("stranger")
        try certificates.writeRevocations(by: "stranger")
        expectError(settings, naming: ["crl.pem", "no authority"])
        try certificates.writeRevocations()
        #expect(throws: Never.self) { try TLSContext.server(settings) }
        try certificates.authority("ca")
        expectError(settings, naming: ["crl.pem", "not signed"])
    }

    private func expectError(_ settings: TLSSettings, naming parts: [String]) {
        let error = #expect(throws: TLSError.self) { try TLSContext.server(settings) }
        for part in parts {
            #expect(error?.description.contains(part) == true, "\(String(describing: error))")
        }
    }
}
