import Tenancy

extension ServiceName {
    /// What the program is for, in the words of those who use it; begins a sentence.
    var usersWords: String {
        switch self {
        case .gateway: "The server"
        case .identity: "The service for sign-in, users and roles"
        case .customer: "The service for accounts, contacts and activities"
        case .sales: "The service for pipelines and deals"
        case .provisioner: "The service that opens workspaces"
        }
    }
}
