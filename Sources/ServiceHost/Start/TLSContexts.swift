import Glibc
import TLSTransport
import Tenancy

/// The two sides of TLS in a program: what it accepts, and how it shows itself to its peers.
struct TLSContexts: Sendable {
    let server: TLSContext
    let client: TLSContext
    /// Of the files as they were before they were read first.
    let stampsAtStart: [FileStamp]
    private let paths: [String]

    /// Reads the files. A program takes calls from programs only, which must show a certificate; the gateway takes them
    /// from anyone.
    init(_ program: ServiceName, _ files: HostSettings.TLSFiles) throws {
        let settings = TLSSettings(
            certificateChain: files.certificate, privateKey: files.key, trustRoots: files.authority,
            revocationLists: files.revocations, verifyPeer: .required)
        var accepting = settings
        if program == .gateway { accepting.verifyPeer = .none }
        paths = [files.certificate, files.key, files.authority] + (files.revocations.map { [$0] } ?? [])
        stampsAtStart = paths.map(FileStamp.init(path:))
        server = try TLSContext.server(accepting)
        client = try TLSContext.client(settings)
    }

    /// Reads the files again, for new connections: all of them, or none when one cannot be used. Blocks: on a worker.
    func reload() throws {
        let (freshServer, freshClient) = (try server.prepareReload(), try client.prepareReload())
        freshServer()
        freshClient()
    }

    /// Tells one state of the files from another. Blocks, a little: on a worker.
    func fileStamps() -> [FileStamp] { paths.map(FileStamp.init(path:)) }
}

/// When and as what a file was last written; all zero when it is not there.
struct FileStamp: Hashable, Sendable {
    private let inode: UInt64
    private let bytes: Int64
    private let seconds: Int64
    private let nanoseconds: Int64

    init(path: String) {
        var status = stat()
        if stat(path, &status) != 0 { status = stat() }
        inode = UInt64(status.st_ino)
        bytes = Int64(status.st_size)
        seconds = Int64(status.st_mtim.tv_sec)
        nanoseconds = Int64(status.st_mtim.tv_nsec)
    }
}
