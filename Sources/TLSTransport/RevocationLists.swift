import COpenSSL
import Glibc

/// The file with the lists of certificates that their authorities have taken back.
struct RevocationLists {
    let path: String

    /// Puts the lists among the trust roots, which must be there already, and has every peer's certificate looked up in
    /// them. A list that no root has signed, or whose time is over, is refused here: OpenSSL would say so only when a
    /// peer comes, and refuse them all.
    func install(in context: OpaquePointer) throws(TLSError) {
        let store = SSL_CTX_get_cert_store(context)
        guard let file = BIO_new_file(path, "r") else { throw unusable(TLSError.takeReasons()) }
        defer { BIO_free(file) }
        var count = 0
        while let list = PEM_read_bio_X509_CRL(file, nil, nil, nil) {
            defer { X509_CRL_free(list) }
            try check(list, store)
            guard X509_STORE_add_crl(store, list) == 1 else { throw unusable(TLSError.takeReasons()) }
            count += 1
        }
        // The end of the file looks like a missing first line.
        let end = steward_error_reason(ERR_peek_last_error())
        guard count > 0, end == PEM_R_NO_START_LINE else { throw unusable(TLSError.takeReasons()) }
        ERR_clear_error()
        X509_STORE_set_flags(store, UInt(X509_V_FLAG_CRL_CHECK))
    }

    private func check(_ list: OpaquePointer, _ store: OpaquePointer?) throws(TLSError) {
        guard let lookup = X509_STORE_CTX_new() else { throw TLSError(.system, "X509_STORE_CTX_new") }
        defer { X509_STORE_CTX_free(lookup) }
        guard X509_STORE_CTX_init(lookup, store, nil, nil) == 1,
            let found = X509_STORE_CTX_get_obj_by_subject(lookup, X509_LU_X509, X509_CRL_get_issuer(list))
        else { throw unusable("no authority in the trust roots has issued it") }
        defer { X509_OBJECT_free(found) }
        guard X509_CRL_verify(list, X509_get0_pubkey(X509_OBJECT_get0_X509(found))) == 1 else {
            throw unusable("its authority has not signed it: \(TLSError.takeReasons())")
        }
        if let end = X509_CRL_get0_nextUpdate(list), X509_cmp_current_time(end) < 0 {
            throw unusable("its time is over")
        }
    }

    private func unusable(_ reason: String) -> TLSError {
        TLSError(
            .file,
            "the revocation lists \(path) cannot be used (\(reason)); install what \"steward pki revoke\" wrote "
                + "(ca.crl) beside the ca.crt it belongs to")
    }
}
