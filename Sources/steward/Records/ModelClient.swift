import Contracts
import IdentityContracts
import RPC
import StewardClient
import Synchronization
import Tenancy

/// The kinds of records of all services, which each have a ModelService of the same form.
struct ModelClient: Sendable {
    let connection: StewardConnection

    /// Those with which the user may do anything, service by service.
    func objects() async throws -> [ObjectSummary] {
        var objects: [ObjectSummary] = []
        for service in ServiceName.dataServices {
            let answer: ListObjectsResponse = try await connection.channel.call(
                Self.methods(of: service).listObjects, ListObjectsRequest(), CallOptions())
            objects += answer.objects
        }
        return objects
    }

    /// - Parameter language: of the labels.
    /// - Throws: `UsageProblem` for a kind that no service keeps, or with which the user may do nothing.
    func describe(_ object: String, in language: String?) async throws -> DescribeObjectResponse {
        for service in ServiceName.dataServices {
            do {
                let answer: DescribeObjectResponse = try await connection.channel.call(
                    Self.methods(of: service).describeObject,
                    DescribeObjectRequest(object: object, languageCode: language), CallOptions())
                return answer
            } catch let error {
                guard error.reason == "OBJECT_UNKNOWN" else { throw error }
            }
        }
        let near = NearNames.of(object, among: try await objects().compactMap(\.object))
        throw UsageProblem(
            "there are no records \(object) with which you may do anything",
            cure: NearNames.cure(near, else: "steward object list shows those that there are"))
    }

    /// What the user is told of a kind of records, which is asked for once; nil for one with which he may do nothing, or that there is not.
    func description(of noun: RecordNoun) async throws -> ObjectDescription? {
        if let known = Self.known.withLock({ $0[noun.object] }) { return known }
        do {
            let answer: DescribeObjectResponse = try await connection.channel.call(
                Self.methods(of: noun).describeObject, DescribeObjectRequest(object: noun.object), CallOptions())
            Self.known.withLock { $0[noun.object] = answer.description }
            return answer.description
        } catch {
            guard error.reason == "OBJECT_UNKNOWN" else { throw error }
            return nil
        }
    }

    /// What the one user of this command has been told, by kind.
    private static let known = Mutex<[String: ObjectDescription]>([:])

    /// What the user may use of a view of records of a kind.
    func resolve(_ view: SavedView, of noun: RecordNoun) async throws -> ResolveViewResponse {
        try await connection.channel.call(
            Self.methods(of: noun).resolveView,
            ResolveViewRequest(
                object: noun.object, filterExpression: view.filterExpression, columns: view.columns,
                orderBy: view.orderBy), CallOptions())
    }

    /// For how many of the records that are there a condition holds.
    func preview(_ condition: String, of noun: RecordNoun) async throws -> PreviewRuleResponse {
        try await connection.channel.call(
            Self.methods(of: noun).previewRule, PreviewRuleRequest(object: noun.object, condition: condition),
            CallOptions())
    }

    private static func methods(of noun: RecordNoun) -> ModelServiceOf {
        guard let service = ServiceName.dataServices.first(where: { $0.rawValue == noun.service }) else {
            preconditionFailure("\(noun.name) is kept by a service")
        }
        return methods(of: service)
    }

    private static func methods(of service: ServiceName) -> ModelServiceOf {
        ModelServiceOf(package: "steward.\(service.rawValue).v1")
    }
}
