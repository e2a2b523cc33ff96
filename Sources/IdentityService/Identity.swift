package import Contracts
import Credentials
import IdentityContracts
package import Logging
import Migrations
package import RPC
package import Reactor
import Records
package import ServiceHost
package import Tenancy
package import TenantDatabase
import Work

/// What identity is made of, from the host or from a test.
package struct IdentityParts: Sendable {
    /// Databases with tenants' schemas.
    package let databases: DatabaseSet
    /// The directory, with connections of its own: a tenant's transaction may wait for it.
    package let directory: DirectoryDatabase
    /// Makes and drops tenants' schemas.
    package let provisioner: ProvisioningServiceClient
    /// The record types of all services, which roles speak of.
    package let records: [RecordEntry]
    package let minter: CallerTokenMinter
    /// The ways to the other services that keep records.
    package let services: [ServiceName: any RPCChannel]
    /// Threads that hash passwords and do nothing else.
    package let passwordWorkers: WorkerPool
    /// How many passwords may wait to be hashed.
    package let passwordsWaitingMax: Int?
    /// Called for each password that is hashed or checked.
    package let onPasswordEvaluation: @Sendable () -> Void
    package let pageTokenKey: [UInt8]
    package let logger: Logger

    package init(
        databases: DatabaseSet, directory: DirectoryDatabase, provisioner: ProvisioningServiceClient,
        records: [RecordEntry], minter: CallerTokenMinter,
        services: [ServiceName: any RPCChannel], passwordWorkers: WorkerPool,
        passwordsWaitingMax: Int? = nil,
        onPasswordEvaluation: @escaping @Sendable () -> Void = {},
        pageTokenKey: [UInt8], logger: Logger
    ) {
        self.databases = databases
        self.directory = directory
        self.provisioner = provisioner
        self.records = records
        self.minter = minter
        self.services = services
        self.passwordWorkers = passwordWorkers
        self.passwordsWaitingMax = passwordsWaitingMax
        self.onPasswordEvaluation = onPasswordEvaluation
        self.pageTokenKey = pageTokenKey
        self.logger = logger
    }
}

/// Identity, put together.
package struct Identity: Sendable {
    let directory: Directory
    let feed: ChangeFeed
    let policies: LocalPolicies
    let poller: ChangePoller
    let sweeper: TenantSweeper
    let engine: RecordEngine
    /// What it does without a caller.
    let jobs: [JobDefinition]

    let definition: ServiceDefinition

    /// Blocks for the time of one password hash.
    package init(_ parts: IdentityParts) throws {
        let directory = Directory(database: parts.directory)
        self.directory = directory
        let placements = DirectoryPlacements(directory: directory)
        let database = TenantDatabase(
            service: .identity, databases: parts.databases, placements: placements,
            schemaVersions: IdentityMigrations.tenantStream.accepted)
        let tenantData = TenantData(database: database)
        let compiler = PolicyCompiler(directory: directory, tenantData: tenantData)
        let policies = LocalPolicies { try await compiler.policy(of: $0, deadline: $1) }
        self.policies = policies
        feed = ChangeFeed { tenant in
            policies.forget(tenant)
            placements.forget(tenant)
        }
        let revoker = SessionRevoker(directory: directory, feed: feed)
        let epochs = PolicyEpochs(directory: directory, feed: feed)
        let hasher = try PasswordHasher(
            workers: parts.passwordWorkers, waitingMax: parts.passwordsWaitingMax,
            onEvaluation: parts.onPasswordEvaluation)
        let signInGuard = SignInGuard(directory: directory)
        let publication = PolicyPublication(epochs: epochs, revoker: revoker)
        let catalogue = RoleCatalogue(parts.records)
        let department = DepartmentRecord(publication: publication, catalogue: catalogue).type
        let role = RoleRecord(publication: publication, catalogue: catalogue).type
        let services = RecordServices(parts.services, parts.minter, policies)
        let uniqueFields = UniqueFieldClient(services: services, catalogue: catalogue)
        let modelUses = ModelUseClient(services: services, catalogue: catalogue)
        let choiceUses = ChoiceUseClient(services: services)
        let indexing = FieldIndexing(provisioner: parts.provisioner, catalogue: catalogue)
        let fieldKinds = FieldKindClient(services: services, catalogue: catalogue)
        let changingKinds = FieldKindChanging(client: fieldKinds, catalogue: catalogue)
        let field = FieldDefinitionRecord(
            publication: publication, catalogue: catalogue, uniqueFields: uniqueFields, indexing: indexing
        ).type
        let object = ObjectDefinitionRecord(publication: publication).type
        let choiceList = ChoiceListRecord(publication: publication, catalogue: catalogue).type
        let view = SavedViewRecord(catalogue: catalogue, roles: role).type
        let tag = TagRecord(publication: publication, roles: role).type
        let rule = SharingRuleRecord(publication: publication, catalogue: catalogue, roles: role).type
        let demand = ValidationRuleRecord(publication: publication, catalogue: catalogue, roles: role).type
        let user = UserRecord(
            publication: publication, catalogue: catalogue, departments: department, roles: role
        ).type
        let setup = TenantSetup(
            directory: directory, tenantData: tenantData, provisioner: parts.provisioner, placements: placements,
            feed: feed,
            seed: TenantSeed(catalogue: catalogue, departments: department, roles: role, users: user))
        let tokens = try PageToken(secret: parts.pageTokenKey)
        let tenants = TenantMethods(
            directory: directory, tenantData: tenantData, signInGuard: signInGuard, hasher: hasher,
            setup: setup, revoker: revoker, feed: feed, tokens: tokens)
        let callers = CallerMethods(directory: directory, feed: feed, minter: parts.minter)
        let programs = ProgramMethods(directory: directory, minter: parts.minter)
        let policyMethods = PolicyMethods(
            compiler: compiler, feed: feed, served: ServedTenants(directory: directory))
        let handover = UserHandover(client: HandoverClient(services))
        let transfer = UserTransfer(client: handover.client, users: user)
        definition = ServiceDefinition(
            IdentityMigrations.tenantStream,
            records: [user, department, role, field, object, choiceList, view, tag, rule, demand],
            jobs: [handover.saga.job, transfer.saga.job, indexing.saga.job, changingKinds.saga(field).job],
            methods: { engine, router in
                AuthenticationMethods(
                    directory: directory, tenantData: tenantData, hasher: hasher,
                    passwordCheck: PasswordCheck(signInGuard: signInGuard, hasher: hasher), revoker: revoker,
                    policies: policies, catalogue: catalogue, engine: engine, users: user
                ).register(on: &router)
                tenants.register(on: &router)
                UserMethods(
                    engine: engine, users: user, catalogue: catalogue, tenantData: tenantData, hasher: hasher,
                    signInGuard: signInGuard,
                    revoker: revoker, handover: handover
                ).register(on: &router)
                WorkspaceModelMethods(
                    engine: engine, objects: object, choiceLists: choiceList, fields: field, roles: role,
                    views: view, sharingRules: rule, validationRules: demand, uniqueFields: uniqueFields,
                    uses: modelUses,
                    publication: publication, tokens: tokens
                ).register(on: &router)
                FieldDefinitionMethods(engine: engine, fields: field, client: fieldKinds, changing: changingKinds)
                    .register(on: &router)
                ChoiceListMethods(engine: engine, lists: choiceList, client: choiceUses).register(on: &router)
                SettingsMethods(engine: engine, tenantData: tenantData, publication: publication, tokens: tokens)
                    .register(on: &router)
                callers.register(on: &router)
                programs.register(on: &router)
                policyMethods.register(on: &router)
            })
        engine = try definition.engine(database, policies: policies, pageTokenKey: parts.pageTokenKey)
        jobs = try definition.jobs(engine)
        poller = ChangePoller(directory: directory, feed: feed, logger: parts.logger)
        sweeper = TenantSweeper(
            directory: directory, tenantData: tenantData, setup: setup, epochs: epochs,
            roleUpgrade: RoleUpgrade(
                directory: directory, engine: engine, roles: role, catalogue: catalogue, logger: parts.logger),
            revoker: revoker, logger: parts.logger)
    }

    /// Every method that identity serves.
    package func router() throws -> Router { try definition.router(engine, jobs) }
}
