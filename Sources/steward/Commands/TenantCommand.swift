import ArgumentParser
import IdentityContracts
import RPC
import StewardClient
import Tenancy

/// Tenants, for operators.
struct TenantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tenant", abstract: "Opens, suspends and ends workspaces. Needs an operator's session.",
        subcommands: [Create.self, List.self, Get.self, Suspend.self, Activate.self, Delete.self, ResetAdmin.self])

    struct Options: ParsableArguments {
        @OptionGroup var connection: ConnectionOptions
        @Option(help: "table, json, csv or sheet.") var output: OutputFormat = .table

        func show(_ tenant: Tenant?) throws {
            guard let tenant else { return }
            try RecordPrinter(format: output, columns: []).show(one: tenant.message())
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Opens a workspace with its first admin.")

        @OptionGroup var options: Options
        @Option(help: "Name of the workspace: 3 to 40 of a-z, 0-9 and -.") var workspace: String
        @Option(help: "Name of the company.") var displayName: String
        @Option(help: "E-mail address of the first admin.") var adminEmail: String
        @Option(help: "Name of the first admin.") var adminDisplayName: String
        @Option(help: "File whose first line is the admin's password; - reads standard input.")
        var adminPasswordFile: String?
        @Flag(help: "Does nothing when the workspace is there already.") var ifAbsent = false

        func run() async throws {
            let password = try PasswordInput.read(file: adminPasswordFile, prompt: "Password of \(adminEmail)")
            let steward = try await options.connection.connectSignedIn()
            let request = CreateTenantRequest(
                workspace: workspace, displayName: displayName, adminEmail: adminEmail,
                adminDisplayName: adminDisplayName, adminPassword: password)
            do {
                // Not sent again by itself: the answer to the first says best what has become of the workspace.
                var options = CallOptions.write()
                options.retries = false
                let answer = try await steward.tenants.createTenant(request, options: options)
                try self.options.show(answer.tenant)
            } catch let error as RPCError where ifAbsent && error.code == .alreadyExists {
                guard self.options.output != .table else { return Terminal.line("exists") }
                try self.options.show(
                    try await steward.tenants.getTenant(GetTenantRequest(workspace: workspace)).tenant)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the tenants.")

        @OptionGroup var options: Options

        func run() async throws {
            let steward = try await options.connection.connectSignedIn()
            var tenants: [Tenant] = []
            var token: String?
            repeat {
                let page = try await steward.tenants.listTenants(ListTenantsRequest(pageSize: 1000, pageToken: token))
                tenants += page.tenants
                token = page.nextPageToken
            } while token != nil
            try RecordPrinter(format: options.output, columns: []).show(
                tenants.map { $0.message() }, of: Tenant.descriptor,
                preferred: ["id", "workspace", "display_name", "state", "create_time"])
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows one tenant.")

        @OptionGroup var options: Options
        @Argument(help: "Name of the workspace.") var workspace: String

        func run() async throws {
            let steward = try await options.connection.connectSignedIn()
            try options.show(try await steward.tenants.getTenant(GetTenantRequest(workspace: workspace)).tenant)
        }
    }

    struct Suspend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stops all access of a tenant's users.")

        @OptionGroup var options: Options
        @Argument(help: "Name of the workspace.") var workspace: String
        @Option(help: "Why.") var comment: String?

        func run() async throws {
            let steward = try await options.connection.connectSignedIn()
            let id = try await steward.tenantID(of: workspace)
            try options.show(
                try await steward.tenants.suspendTenant(
                    SuspendTenantRequest(id: id, comment: comment), options: .write()
                ).tenant)
        }
    }

    struct Activate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Gives a tenant's users access again.")

        @OptionGroup var options: Options
        @Argument(help: "Name of the workspace.") var workspace: String

        func run() async throws {
            let steward = try await options.connection.connectSignedIn()
            let id = try await steward.tenantID(of: workspace)
            try options.show(
                try await steward.tenants.activateTenant(ActivateTenantRequest(id: id), options: .write()).tenant)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Stops all access and drops the data after a grace.")

        @OptionGroup var options: Options
        @Argument(help: "Name of the workspace.") var workspace: String
        @Option(help: "Days until the data is dropped, 1 to 90.") var graceDays: Int32 = 30
        @Option(help: "The name of the workspace once more.") var confirm: String

        func run() async throws {
            let steward = try await options.connection.connectSignedIn()
            let id = try await steward.tenantID(of: workspace)
            let request = DeleteTenantRequest(id: id, graceDays: graceDays, workspace: confirm)
            try options.show(try await steward.tenants.deleteTenant(request, options: .write()).tenant)
        }
    }
}

extension StewardConnection {
    fileprivate func tenantID(of workspace: String) async throws -> String? {
        try await tenants.getTenant(GetTenantRequest(workspace: workspace)).tenant?.id
    }
}
