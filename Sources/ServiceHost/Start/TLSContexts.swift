import TLSTransport
import Tenancy

/// The two sides of TLS in a program: what it accepts, and how it shows itself to its peers.
struct TLSContexts: Sendable {
    let server: TLSContext
    let client: TLSContext

    /// Reads the files. A program takes calls from programs only, which must show a certificate; the gateway takes them
    /// from anyone.
    init(_ program: ServiceName, _ files: HostSettings.TLSFiles) throws {
        let settings = TLSSettings(
            certificateChain: files.certificate, privateKey: files.key, trustRoots: files.authority,
            verifyPeer: .required)
        var accepting = settings
        if program == .gateway { accepting.verifyPeer = .none }
        server = try TLSContext.server(accepting)
        client = try TLSContext.client(settings)
    }

    /// Reads the files again, for new connections. Blocks: on a worker.
    func reload() throws {
        try server.reload()
        try client.reload()
    }
}
