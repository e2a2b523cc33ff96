package import AccessControl
package import Contracts
package import Migrations
package import RPC
package import Records
package import Tenancy
package import TenantDatabase
package import Work

/// What a service that keeps records is: its tables, its record types, and the methods that are not standard. All else is the same
/// for every service, and made here.
///
///     package static let definition = ServiceDefinition(
///         SalesMigrations.stream,
///         records: [DealRecord.type],
///         methods: { engine, router in DealMethods(engine: engine).register(on: &router) })
package struct ServiceDefinition: Sendable {
    /// Adds methods that are not standard.
    package typealias Methods = @Sendable (RecordEngine, inout Router) throws -> Void

    package let name: ServiceName
    /// The tables of a tenant's data.
    package let stream: MigrationStream
    /// The record types, in the order of the service's README; their standard methods are served by the engine.
    package let records: [RecordType]
    /// What is kept here of records of other services, which these tell.
    package let mirrors: [RecordType]
    /// The mirrors that other services have of its records.
    package let mirrorFeeds: [MirrorFeed]
    /// The methods that tell of its jobs.
    private let jobService: JobServiceOf
    /// The same for operators.
    private let tenantJobService: TenantJobServiceOf
    /// The methods that tell of its kinds of records.
    private let modelService: ModelServiceOf
    private let searchService: SearchServiceOf
    /// The methods by which its records are shared.
    private let sharingService: SharingServiceOf
    /// What it does without a caller, beside what every service does.
    private let jobs: [JobDefinition]
    /// Deleted records are removed for good when the workspace's time for them is over.
    private let purgesDeleted: Bool
    /// Its records are found by what stands in them.
    private let isSearched: Bool
    private let methods: Methods

    /// - Parameters:
    ///   - stream: one for schemas of tenants; its service is this one.
    ///   - purgesDeleted: its tables are `TableRights.purged`, and the purpose `purge_deleted` (Work) names each of its kinds.
    ///   - isSearched: it has the tables of entries (`SearchKeeper`).
    package init(
        _ stream: MigrationStream, records: [RecordType], mirrors: [RecordType] = [],
        mirroredBy feeds: [MirrorFeed] = [], purgesDeleted: Bool = false, isSearched: Bool = false,
        jobs: [JobDefinition] = [],
        methods: @escaping Methods = { _, _ in }
    ) {
        guard let name = stream.service else {
            preconditionFailure("\(stream.name) makes no schemas of tenants, so no service keeps records there")
        }
        self.name = name
        self.stream = stream
        self.records = records
        self.mirrors = mirrors
        mirrorFeeds = feeds
        self.purgesDeleted = purgesDeleted
        precondition(
            !purgesDeleted || PurgeDeleted.kinds.isSuperset(of: records.map { "\($0.grantName).erase" }),
            "the purpose purge_deleted needs the right to erase each kind of records of \(name)")
        jobService = JobServiceOf(package: "steward.\(name).v1")
        tenantJobService = TenantJobServiceOf(package: "steward.\(name).v1")
        modelService = ModelServiceOf(package: "steward.\(name).v1")
        searchService = SearchServiceOf(package: "steward.\(name).v1")
        sharingService = SharingServiceOf(package: "steward.\(name).v1")
        self.isSearched = isSearched
        self.jobs = jobs
        self.methods = methods
    }

    /// The way to the tenants' data, whose schemas must have a version that this program works with.
    package func database(_ databases: DatabaseSet, placements: any PlacementSource) -> TenantDatabase {
        TenantDatabase(
            service: name, databases: databases, placements: placements, schemaVersions: stream.accepted)
    }

    /// The engine of its records.
    ///
    /// - Parameters:
    ///   - references: asks other services whether records exist; nil for a service whose types refer to none.
    ///   - pageTokenKey: a secret of 16 bytes or more that all instances of the service share.
    /// - Throws: `DeclarationError` when a type does not fit its message or refers to an unknown one.
    package func engine(
        _ database: TenantDatabase, policies: any PolicySource, references: (any ReferenceChecker)? = nil,
        pageTokenKey: [UInt8], watchLimits: WatchLimits = WatchLimits()
    ) throws -> RecordEngine {
        try RecordEngine(
            database: database, policies: policies, types: records, mirrors: mirrors, references: references,
            pageTokenKey: pageTokenKey, watchLimits: watchLimits)
    }

    /// Some of its records can be shared.
    private var isShared: Bool { records.contains(where: \.isShareable) }

    /// Workspaces can add fields to some of its records.
    private var isExtensible: Bool { records.contains(where: \.isExtensible) }

    /// What it does without a caller.
    ///
    /// - Parameter pushes: what tells mirrors; nil where no other service can be called.
    package func jobs(_ engine: RecordEngine, _ pushes: [MirrorPush]? = nil) throws -> [JobDefinition] {
        let pushes = pushes ?? mirrorFeeds.map { MirrorPush($0, engine) }
        return jobs + [Housekeeping.job(jobService)] + (purgesDeleted ? [PurgeDeleted.job(jobService, engine)] : [])
            + (isSearched ? [SearchJobs(engine).comparison(jobService)] : [])
            + (isShared ? [SharingJobs(engine).definition(sharingService)] : [])
            + (try MatchingJobs(engine).definitions(jobService)) + [try ChoiceUseMethods.job(engine)]
            + pushes.map { MirrorJobs($0).comparison(jobService) }
    }

    /// What is called through the gateway: the standard methods of each type, and the others.
    ///
    /// - Parameter jobs: what it does without a caller.
    package func router(_ engine: RecordEngine, _ jobs: [JobDefinition]) throws -> Router {
        var router = Router()
        try engine.register(on: &router)
        ModelMethods(engine).register(modelService, on: &router)
        JobMethods(engine, jobs, purge: purgesDeleted ? Purge(engine) : nil).register(
            jobService, on: &router)
        TenantJobMethods(engine, jobs, tenantJobService).register(on: &router)
        try MatchingJobs(engine).register(on: &router)
        if isShared { SharingJobs(engine).register(sharingService, on: &router) }
        if isSearched { SearchMethod(engine).register(searchService, on: &router) }
        try methods(engine, &router)
        return router
    }

    /// What a program serves whose policies and placements come from identity.
    func offer(_ host: Host) throws -> ServiceOffer {
        let engine = try engine(
            database(host.databases, placements: host.policies), policies: host.policies,
            references: host.references, pageTokenKey: host.derivedKey("page tokens"))
        let tokens = ProgramTokens(host.channel(to: .identity))
        let pushes = host.pushes(mirrorFeeds, engine, tokens)
        let jobs = try jobs(engine, pushes)
        var router = try router(engine, jobs)
        ReferenceMethods(engine: engine).register(on: &router)
        try HandoverMethods(engine).register(on: &router)
        UniqueFieldMethods(engine).register(on: &router)
        FieldKindMethods(engine).register(on: &router)
        try ChoiceUseMethods(engine).register(on: &router)
        ModelUseMethods(engine).register(on: &router)
        if isExtensible { RollUpMethods(engine).register(on: &router) }
        if !mirrors.isEmpty { MirrorMethods(engine).register(on: &router) }
        let standing =
            pushes.map { MirrorJobs($0).standing } + (isSearched ? [SearchJobs(engine).standing] : [])
            + (isExtensible ? ReckoningJobs(engine, jobService, host.rollUpPeers(tokens), host.logger).standing : [])
            + (isShared ? [SharingJobs(engine).standing(sharingService, logger: host.logger)] : [])
        host.run(jobs, standing: standing, engine)
        return ServiceOffer(router: router)
    }
}

extension Program {
    /// Runs the program of a service that keeps records.
    package static func run(_ service: ServiceDefinition, contracts: ContractCatalogue) -> Never {
        Program(service.name, contracts: contracts).run { host in try service.offer(host) }
    }
}
