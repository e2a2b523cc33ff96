import COpenSSL
import Glibc

/// Puts the files of `TLSSettings` into an `SSL_CTX`; every error names the file and the cure.
struct CertificateFiles {
    private let settings: TLSSettings
    private let role: TLSContext.Role

    init(_ settings: TLSSettings, _ role: TLSContext.Role) {
        self.settings = settings
        self.role = role
    }

    /// Returns the end of validity of the own certificate, nil when there is none.
    func install(in context: OpaquePointer) throws(TLSError) -> Int64? {
        ERR_clear_error()
        try installTrust(in: context)
        if let lists = settings.revocationLists {
            try mustBeReadable(lists, "revocation lists")
            try RevocationLists(path: lists).install(in: context)
        }
        guard let chain = settings.certificateChain, let key = settings.privateKey else {
            guard role == .client, settings.certificateChain == nil, settings.privateKey == nil else {
                throw TLSError(
                    .file,
                    "a certificate chain and a private key are both needed; set both paths "
                        + "(\"steward pki\" makes the files)")
            }
            return nil
        }
        try mustBeReadable(chain, "certificate chain")
        try mustBeReadable(key, "private key")
        guard SSL_CTX_use_certificate_chain_file(context, chain) == 1 else {
            throw unusable(chain, "certificate chain", "it must hold PEM certificates, the own one first")
        }
        guard SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1 else {
            throw unusable(
                key, "private key",
                "it must hold the unencrypted PEM key that belongs to the certificate in \(chain); install the pair"
            )
        }
        return try validity(context, chain)
    }

    private func validity(_ context: OpaquePointer, _ chain: String) throws(TLSError) -> Int64 {
        let notAfter = SSL_CTX_get0_certificate(context).map(PeerIdentity.notAfter) ?? 0
        guard notAfter > Int64(time(nil)) else {
            throw TLSError(
                .file, "the certificate in \(chain) has expired; issue a new one (\"steward pki\") and reload"
            )
        }
        return notAfter
    }

    private func installTrust(in context: OpaquePointer) throws(TLSError) {
        guard let roots = settings.trustRoots else {
            if settings.verifyPeer == .required { SSL_CTX_set_default_verify_paths(context) }
            return
        }
        try mustBeReadable(roots, "trust roots")
        guard SSL_CTX_load_verify_locations(context, roots, nil) == 1 else {
            throw unusable(roots, "trust roots", "it must hold PEM certificates of the authorities to trust")
        }
        // Tells clients which authorities count, so that they choose the right certificate.
        if role == .server, settings.verifyPeer == .required {
            SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(roots))
        }
    }

    private func mustBeReadable(_ path: String, _ what: String) throws(TLSError) {
        guard access(path, R_OK) == 0 else {
            let code = errno
            let cure =
                code == ENOENT
                ? "correct the path or make the file with \"steward pki\"" : "let this user read it"
            throw TLSError(
                .file, "the \(what) \(path) cannot be read (\(String(cString: strerror(code)))); \(cure)")
        }
    }

    private func unusable(_ path: String, _ what: String, _ cure: String) -> TLSError {
        TLSError(.file, "the \(what) \(path) cannot be used (\(TLSError.takeReasons())); \(cure)")
    }
}
