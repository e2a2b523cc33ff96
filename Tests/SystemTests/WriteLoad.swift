import Contracts
import CustomerContracts
import IdentityContracts
import RPC
import SalesContracts
import StewardClient
import Tenancy
import TestSteward

/// Writers that create records without pause and remember what was acknowledged. A write that fails is repeated under
/// its request id until it is acknowledged, as a careful client does.
actor WriteLoad {
    /// What a writer creates.
    enum Kind: String, CaseIterable, Sendable {
        case account, deal, department
    }

    /// Ids of the records acknowledged, by kind and name.
    private(set) var acknowledged: [Kind: [String: String]] = [:]
    /// Acknowledged under one name with different ids: a write that was done twice.
    private(set) var contradictions: [String] = []
    /// How often a call failed, by code and reason.
    private(set) var failures: [String: Int] = [:]
    private(set) var failureCodes: Set<StatusCode> = []
    private var isStopping = false
    private var writers: [Task<Void, any Error>] = []

    /// Starts two writers of each kind. The deals name an account, so that sales has to ask customer.
    func start(_ connections: [StewardConnection], accountID: String) {
        for kind in Kind.allCases {
            for (index, connection) in connections.enumerated() {
                writers.append(Task { try await write(kind, index, connection, accountID) })
            }
        }
    }

    /// Lets the writers finish what they are at.
    func stop() async throws {
        isStopping = true
        for writer in writers { try await writer.value }
    }

    func count(_ kind: Kind) -> Int { acknowledged[kind]?.count ?? 0 }

    /// Waits until every kind of write is acknowledged again.
    func awaitProgress(after what: String) async throws {
        for kind in Kind.allCases {
            let before = count(kind)
            try await eventually("a \(kind) is written after \(what); failures: \(failures)", within: .seconds(40)) {
                self.count(kind) >= before + 4
            }
        }
    }

    /// Waits until calls fail.
    func awaitFailures(_ when: String) async throws {
        let before = failures.values.reduce(0, +)
        try await eventually("calls fail \(when)") { self.failures.values.reduce(0, +) > before + 10 }
    }

    private func write(_ kind: Kind, _ index: Int, _ connection: StewardConnection, _ accountID: String) async throws {
        var number = 0
        while !isStopping {
            let name = "\(kind.rawValue) \(index)-\(number)"
            let options = CallOptions(timeout: .seconds(10), requestID: RecordID.make().text)
            let id = try await eventually("\(name) is acknowledged; failures: \(failures)", within: .seconds(90)) {
                do {
                    return try await Self.create(kind, name, accountID, connection, options)
                } catch let error as RPCError {
                    self.note(error)
                    return nil
                }
            }
            if let known = acknowledged[kind]?[name], known != id { contradictions.append(name) }
            acknowledged[kind, default: [:]][name] = id
            number += 1
        }
    }

    private func note(_ error: RPCError) {
        failures["\(error.code.name) \(error.reason)", default: 0] += 1
        failureCodes.insert(error.code)
    }

    /// Creates a record and gives its id.
    static func create(
        _ kind: Kind, _ name: String, _ accountID: String, _ connection: StewardConnection, _ options: CallOptions
    ) async throws -> String? {
        switch kind {
        case .account:
            try await connection.accounts.createAccount(
                CreateAccountRequest(record: Account(displayName: name)), options: options
            ).record?.id
        case .deal:
            try await connection.deals.createDeal(
                CreateDealRequest(record: Deal(displayName: name, accountID: accountID)), options: options
            ).record?.id
        case .department:
            try await connection.departments.createDepartment(
                CreateDepartmentRequest(record: Department(displayName: name)), options: options
            ).record?.id
        }
    }

    /// All records of a kind that there are: name and id.
    static func stored(_ kind: Kind, _ connection: StewardConnection) async throws -> [(name: String, id: String)] {
        var stored: [(String, String)] = []
        var token: String?
        repeat {
            let page: [(String?, String?)]
            switch kind {
            case .account:
                let answer = try await connection.accounts.listAccounts(
                    ListAccountsRequest(pageSize: 1000, pageToken: token))
                (page, token) = (answer.records.map { ($0.displayName, $0.id) }, answer.nextPageToken)
            case .deal:
                let answer = try await connection.deals.listDeals(ListDealsRequest(pageSize: 1000, pageToken: token))
                (page, token) = (answer.records.map { ($0.displayName, $0.id) }, answer.nextPageToken)
            case .department:
                let answer = try await connection.departments.listDepartments(
                    ListDepartmentsRequest(pageSize: 1000, pageToken: token))
                (page, token) = (answer.records.map { ($0.displayName, $0.id) }, answer.nextPageToken)
            }
            stored += page.map { ($0.0 ?? "", $0.1 ?? "") }.filter { $0.0.hasPrefix("\(kind.rawValue) ") }
        } while token != nil
        return stored
    }
}
