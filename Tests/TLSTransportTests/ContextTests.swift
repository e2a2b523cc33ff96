import Foundation
import Testing

@testable import TLSTransport

@Suite(.timeLimit(.minutes(1))) struct ContextTests {
    @Test func reloadServesTheNewCertificateAndKeepsOldConnections() async throws {
        try await Stage.run { stage in
            let context = try stage.clientContext()
            let (old, oldRecorder) = try await stage.connect(context)
            try stage.certificates.leaf("server")
            try stage.serverContext.reload()
            let (new, _) = try await stage.connect(context)
            #expect(new.peer?.fingerprint != old.peer?.fingerprint)
            #expect(!new.isResumed)
            old.send([1])
            await oldRecorder.wait { $0.received == [1] }
            old.abort()
            new.abort()
        }
    }

    @Test func aBrokenFileChangesNothing() async throws {
        try await Stage.run { stage in
            let file = stage.certificates.path("server.pem")
            try "not a certificate".write(toFile: file, atomically: true, encoding: .utf8)
            let error = #expect(throws: TLSError.self) { try stage.serverContext.reload() }
            #expect(error?.kind == .file && error?.description.contains(file) == true)
            let (client, _) = try await stage.connect()
            client.abort()
        }
    }

    @Test func errorsNameFileAndCure() throws {
        let certificates = try TestCertificates()
        try certificates.leaf("one")
        try certificates.leaf("two")
        var settings = certificates.settings("one")
        settings.privateKey = certificates.path("two.key")
        expectError(settings, naming: ["two.key", "one.pem", "install the pair"])
        settings.privateKey = certificates.path("absent.key")
        expectError(settings, naming: ["absent.key", "steward pki"])
        settings = certificates.settings("one")
        settings.trustRoots = certificates.path("one.key")
        expectError(settings, naming: ["one.key", "authorities"])
        settings = certificates.settings(nil)
        expectError(settings, naming: ["set both paths"])
        settings = certificates.settings("one")
        #expect(try TLSContext.server(settings).certificateNotAfter != nil)
    }

    private func expectError(_ settings: TLSSettings, naming parts: [String]) {
        let error = #expect(throws: TLSError.self) { try TLSContext.server(settings) }
        for part in parts {
            #expect(error?.description.contains(part) == true, "\(String(describing: error))")
        }
    }
}
