import Contracts
import CustomerContracts
import IdentityContracts
import RPC
import StewardClient

/// What goes out of sight with the definition of an object.
enum ObjectDeletion {
    /// How many records each of these definitions has, as far as the caller may count them; nothing for other kinds of records.
    static func losses(of ids: [String], _ client: RecordClient) async throws -> [String] {
        guard client.noun.object == ObjectDefinition.noun.object else { return [] }
        var losses: [String] = []
        for id in ids {
            guard let name = ObjectDefinition(try await client.get(id)).name else { continue }
            guard let count = try await count(name, client.connection), count > 0 else { continue }
            losses.append(
                "\(name) had \(count) record\(count == 1 ? "" : "s"), which nobody sees now: steward object-definition restore \(name) brings them back"
            )
        }
        return losses
    }

    private static func count(_ name: String, _ connection: StewardConnection) async throws -> Int64? {
        do {
            let request = ListRecordsRequest(name, ListRequest(pageSize: 1, includeCount: true))
            return try await connection.records.listRecords(request).count?.value
        } catch  where error.code == .permissionDenied {
            return nil
        }
    }
}
