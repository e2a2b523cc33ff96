public import Contracts

/// The services of an installation, each with a typed method for every call.
extension StewardConnection {
    public var authentication: AuthenticationServiceClient { AuthenticationServiceClient(channel: channel) }
    public var tenants: TenantServiceClient { TenantServiceClient(channel: channel) }
    public var users: UserServiceClient { UserServiceClient(channel: channel) }
    public var departments: DepartmentServiceClient { DepartmentServiceClient(channel: channel) }
    public var roles: RoleServiceClient { RoleServiceClient(channel: channel) }
    public var accounts: AccountServiceClient { AccountServiceClient(channel: channel) }
    public var contacts: ContactServiceClient { ContactServiceClient(channel: channel) }
    public var accountContacts: AccountContactServiceClient { AccountContactServiceClient(channel: channel) }
    public var activities: ActivityServiceClient { ActivityServiceClient(channel: channel) }
    public var pipelines: PipelineServiceClient { PipelineServiceClient(channel: channel) }
    public var stages: StageServiceClient { StageServiceClient(channel: channel) }
    public var deals: DealServiceClient { DealServiceClient(channel: channel) }
    public var reflection: ReflectionServiceClient { ReflectionServiceClient(channel: channel) }
    public var server: ServerServiceClient { ServerServiceClient(channel: channel) }
    public var health: HealthServiceClient { HealthServiceClient(channel: channel) }
}
