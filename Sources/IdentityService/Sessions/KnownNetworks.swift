import Credentials
import RPC
import Tenancy

extension ClientNetwork {
    /// Stands for the network among those that somebody is known in: it cannot be compared with anybody else's.
    func digest(for user: UserID) -> String {
        HexText.encode(Array(TokenDigest.sha256(Array("network\u{0}\(user)\u{0}\(text)".utf8)).prefix(16)))
    }
}
