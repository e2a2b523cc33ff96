import Contracts
import CustomerContracts
import RPC
import Tenancy
import TestService

/// A client that watches accounts and keeps what it is told.
final class Watcher {
    private(set) var records: [String: Account] = [:]
    /// Ids and versions in the order in which they were told.
    private(set) var told: [String] = []
    /// Those told after the first records.
    private(set) var changes: [String] = []
    private(set) var gone: [String] = []
    private(set) var token: String?
    private(set) var resetCount = 0
    private(set) var isWhole = false
    private let stream: ResponseStream<WatchAccountsResponse>

    init(
        _ service: TestService, _ filter: String? = nil, as user: UserID? = nil, after token: String? = nil,
        mask: [String] = [], changesOnly: Bool? = nil
    ) async throws {
        stream = try await service.accounts(as: user).watchAccounts(
            WatchAccountsRequest(
                filterExpression: filter, readMask: mask, resumeToken: token, changesOnly: changesOnly))
    }

    /// Goes on after what another one has been told.
    init(_ service: TestService, _ filter: String? = nil, as user: UserID? = nil, insteadOf other: Watcher) async throws
    {
        stream = try await service.accounts(as: user).watchAccounts(
            WatchAccountsRequest(filterExpression: filter, resumeToken: other.token))
        (records, told, changes, gone) = (other.records, other.told, other.changes, other.gone)
        (token, isWhole) = (other.token, other.isWhole)
    }

    /// One response.
    @discardableResult
    func take() async throws -> WatchAccountsResponse {
        guard let response = try await stream.next() else { throw RPCError.cancelled("the watch has ended") }
        if response.reset == true {
            records = [:]
            resetCount += 1
            isWhole = false
        }
        for record in response.records {
            records[record.id ?? ""] = record
            told.append("\(record.id ?? "") \(record.version ?? 0)")
            if isWhole { changes.append("\(record.id ?? "") \(record.version ?? 0)") }
        }
        for id in response.goneIDs {
            records[id] = nil
            gone.append(id)
        }
        token = response.resumeToken ?? token
        if response.snapshotEnd == true { isWhole = true }
        return response
    }

    func take(until holds: (Watcher) -> Bool) async throws {
        while !holds(self) { try await take() }
    }

    /// What it is told of the records that there are.
    func takeAll() async throws { try await take { $0.isWhole } }

    /// Waits until it is told of this one.
    func take(until record: Account) async throws {
        try await take { $0.records[record.id ?? ""]?.version == record.version }
    }

    func cancel() { stream.cancel() }

    var names: Set<String> { Set(records.values.compactMap(\.displayName)) }
}
