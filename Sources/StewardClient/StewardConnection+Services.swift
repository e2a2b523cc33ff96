public import Contracts
public import IdentityContracts

/// The services beside those that keep records (Records/), each with a typed method for every call.
extension StewardConnection {
    public var authentication: AuthenticationServiceClient { AuthenticationServiceClient(channel: channel) }
    public var settings: SettingsServiceClient { SettingsServiceClient(channel: channel) }
    public var workspaceModel: WorkspaceModelServiceClient { WorkspaceModelServiceClient(channel: channel) }
    public var tenants: TenantServiceClient { TenantServiceClient(channel: channel) }
    public var reflection: ReflectionServiceClient { ReflectionServiceClient(channel: channel) }
    public var server: ServerServiceClient { ServerServiceClient(channel: channel) }
    public var health: HealthServiceClient { HealthServiceClient(channel: channel) }
}
