import Credentials
import RPC
import Tenancy

/// Whose password is tried, and from where. The same for accounts that exist and that do not.
struct SignInAttempt: Sendable {
    let account: SignInAccount
    let network: ClientNetwork
    let counters: Counters

    init(_ account: SignInAccount, from network: ClientNetwork) {
        self.account = account
        self.network = network
        counters = Counters(account: account, network: network)
    }

    /// The failures that an attempt is judged by.
    struct Counters: Sendable {
        let account: SignInCounter
        let strangers: SignInCounter
        let network: SignInCounter

        fileprivate init(account: SignInAccount, network: ClientNetwork) {
            self.account = SignInCounter(
                ["account", account.name, network.text], of: account, .account)
            strangers = SignInCounter(["strangers", account.name], of: account, .strangers)
            self.network = SignInCounter(["network", network.text], of: nil, .network)
        }

        var all: [SignInCounter] { [account, strangers, network] }
        /// Those for a network that the account's user is known in.
        var known: [SignInCounter] { [account, network] }
    }
}

/// A name that somebody signs in with.
struct SignInAccount: Hashable, Sendable {
    /// No other account has this name: an operator's is not that of a user in a workspace without a name.
    fileprivate let name: String

    static func user(workspace: String, email: String) -> SignInAccount {
        SignInAccount(name: "user\u{0}\(workspace)\u{0}\(email)")
    }

    static func `operator`(email: String) -> SignInAccount {
        SignInAccount(name: "operator\u{0}\(email)")
    }

    /// Stands for the account in the directory, which so holds nobody's address.
    var digest: [UInt8] { TokenDigest.sha256(Array("account\u{0}\(name)".utf8)) }
}

/// Failures that are counted together, and what they lock.
struct SignInCounter: Sendable {
    /// A digest, so that the directory holds nobody's address.
    let key: [UInt8]
    /// Nil when they are of many accounts.
    let account: SignInAccount?
    let lockout: SignInLockout

    fileprivate init(_ parts: [String], of account: SignInAccount?, _ lockout: SignInLockout) {
        key = TokenDigest.sha256(Array(parts.joined(separator: "\u{0}").utf8))
        self.account = account
        self.lockout = lockout
    }
}

extension CallContext {
    /// The network of the client as the gateway tells it; nobody else is believed, and is nowhere.
    var clientNetwork: ClientNetwork {
        let isGateway = peer == .program(.gateway)
        return ClientNetwork(address: isGateway ? metadata.text(CallContext.clientAddressKey) ?? "" : "")
    }

    /// Metadata in which the gateway tells the address of its client.
    private static let clientAddressKey = "steward-client-address"
}
