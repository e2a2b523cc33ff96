import AccessControl
import Contracts
import CustomerContracts
import CustomerService
import RPC
import Records
import Tenancy
import TestPostgres
import TestService
import Testing

/// A service in which records are found.
struct Searches: Sendable {
    let service: TestService
    let keeper: SearchKeeper

    static func run(_ body: @escaping @Sendable (Searches) async throws -> Void) async throws {
        try await TestService.run(CustomerService.definition) { service in
            let searches = Searches(service: service, keeper: SearchKeeper(service.engine))
            try await searches.settle()
            try await body(searches)
        }
    }

    /// All that was written is found.
    func settle() async throws {
        while try await keeper.step(service.tenant.id, deadline: .after(.seconds(60))) {}
    }

    func search(
        _ query: String?, in objects: [String] = [], of owner: UserID? = nil, size: Int32? = nil, explain: Bool? = nil,
        as user: UserID? = nil
    ) async throws -> SearchResponse {
        try await SearchServiceClient(channel: service.channel(as: user)).search(
            SearchRequest(
                query: query, objects: objects, ownerID: owner?.description, pageSize: size, explain: explain))
    }

    /// The names of what is found.
    func titles(_ query: String, in objects: [String] = [], of owner: UserID? = nil, as user: UserID? = nil)
        async throws
        -> [String]
    { try await search(query, in: objects, of: owner, as: user).hits.map { $0.title ?? "" } }

    /// Compares all entries with what they should be; gives how many were wrong.
    func healed() async throws -> Int {
        var (healed, last) = (0, nil as (object: String, id: RecordID)?)
        repeat {
            let page = try await keeper.compare(service.tenant.id, after: last, deadline: .after(.seconds(60)))
            (healed, last) = (healed + page.healedCount, page.next)
        } while last != nil
        return healed
    }

    func refusal(_ query: String?, in objects: [String] = [], size: Int32? = nil, as user: UserID? = nil) async throws
        -> RPCError
    { try await denial { try await search(query, in: objects, size: size, as: user) } }
}
