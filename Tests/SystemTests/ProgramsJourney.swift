import Contracts
import CustomerContracts
import Foundation
import RPC
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// The programs as their operators see them, and as they see each other.
    @Suite(.serialized) struct ProgramsJourney {
        @Test func everyProgramTellsHowItIs() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            _ = try await workspace.admin.accounts.createAccount(
                CreateAccountRequest(record: Account(displayName: "A")))
            for program in steward.programs {
                #expect(program.page("/healthz")?.status == 200, "\(program.name)")
                #expect(program.page("/readyz")?.status == 200, "\(program.name)")
                #expect(program.page("/passwords")?.status == 404, "\(program.name)")
                let metrics = try #require(program.page("/metrics")).body
                #expect(metrics.contains("steward_build_info"), "\(program.name)")
                #expect(metrics.contains("steward_rpc_server_connections"), "\(program.name)")
                // Neither names nor ids of tenants go to whoever may read metrics.
                #expect(
                    !metrics.contains(workspace.name) && !metrics.contains("\(workspace.tenantID)"), "\(program.name)")
            }
            let served = try #require(steward.customer.page("/metrics")).body
            #expect(served.contains("steward.customer.v1.AccountService/CreateAccount"))
            await workspace.close()
        }

        /// Core files would hold keys and data of tenants, and so would what a debugger of the same user sees.
        @Test func noProgramLeavesItsMemoryToOthers() async throws {
            for program in try await TestSteward.shared().programs {
                let folder = try program.processFolder()
                let limits = try String(contentsOfFile: "\(folder)/limits", encoding: .utf8)
                let core = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
                #expect(
                    core.split(separator: " ").suffix(3).map(String.init) == ["0", "0", "bytes"], "\(program.name)")
                // What the kernel shows of a process that is not to be dumped belongs to root, whoever runs it.
                var status = stat()
                let result = stat("\(folder)/environ", &status)
                #expect(result == 0 && status.st_uid == 0, "\(program.name)")
            }
        }

        @Test func settingsAreCheckedBeforeAnythingIsOpened() async throws {
            let steward = try await TestSteward.shared()
            let fine = try await steward.customer.runOnce("--check")
            #expect(fine.code == 0, "\(fine.said)")
            #expect(fine.said.contains("listen") && fine.said.contains("•••"))
            #expect(!fine.said.contains("steward_customer_0"))
            let wrong = try await steward.customer.runOnce("--check", "--set", "loops=0", "--set", "colour=red")
            #expect(wrong.code == 1)
            #expect(wrong.said.contains("loops") && wrong.said.contains("colour"))
            let taken = try await steward.customer.runOnce()
            #expect(taken.code == 1)
            #expect(taken.said.contains("127.0.0.1:\(steward.customer.adminPort)") && taken.said.contains("admin"))
            let alsoTaken = try await steward.customer.runOnce("--set", "admin=127.0.0.1:0")
            #expect(alsoTaken.code == 1)
            #expect(alsoTaken.said.contains("127.0.0.1:\(steward.customer.port)") && alsoTaken.said.contains("listen"))
            #expect(try await steward.customer.runOnce("--colour").code == 64)
        }

        @Test func aProgramLetsInOnlyTheProgramsThatCallIt() async throws {
            let steward = try await TestSteward.shared()
            let get = "steward.customer.v1.AccountService/ListAccounts"
            // Nobody without a certificate.
            do {
                let stranger = try await RawClient.connect(steward, to: steward.customer)
                stranger.send(RawClient.hello + RawClient.call(1, get))
                #expect(await stranger.status(of: 1) == nil)
                await stranger.close()
            } catch {
                // Refused in the handshake, which is as good.
            }
            // A program may call what it needs, and nothing in the name of a user it cannot prove.
            let sales = try await RawClient.connect(steward, to: steward.customer, as: .sales)
            sales.send(RawClient.hello + RawClient.call(1, get))
            #expect(await sales.status(of: 1)?.reason == "PEER_NOT_ALLOWED")
            await sales.close()
            // Nobody but identity reaches the provisioner, whatever they ask.
            for caller in ServiceName.allCases where caller != .identity {
                let peer = try await RawClient.connect(steward, to: steward.provisioner, as: caller)
                peer.send(
                    RawClient.hello + RawClient.call(1, "steward.platform.v1.ProvisioningService/DropTenant")
                        + RawClient.call(2, "steward.rpc.v1.ServerService/GetServerInfo"))
                #expect(await peer.status(of: 1) == nil, "\(caller)")
                #expect(await peer.status(of: 2) == nil, "\(caller)")
                await peer.close()
                #expect(
                    try steward.provisioner.log().split(separator: "\n").contains {
                        $0.contains("names no program that may call here") && $0.contains(caller.peerName)
                    })
            }
            let identity = try await RawClient.connect(steward, to: steward.provisioner, as: .identity)
            identity.send(RawClient.hello + RawClient.call(1, "steward.platform.v1.ProvisioningService/DropTenant"))
            #expect(await identity.status(of: 1)?.reason == "INVALID_ID")
            await identity.close()
            let gateway = try await RawClient.connect(steward, to: steward.customer, as: .gateway)
            gateway.send(RawClient.hello + RawClient.call(1, get))
            #expect(await gateway.status(of: 1)?.code == .unauthenticated)
            await gateway.close()
            // Customer calls nobody's sign-in.
            let customer = try await RawClient.connect(steward, to: steward.identity, as: .customer)
            customer.send(
                RawClient.hello + RawClient.call(1, "steward.identity.v1.AuthenticationService/SignInOperator"))
            #expect(await customer.status(of: 1)?.reason == "PEER_NOT_ALLOWED")
            await customer.close()
        }

        @Test func severalInstancesShareTheWork() async throws {
            let steward = try await TestSteward.start(customers: 2)
            let workspace = try await steward.makeWorkspace()
            let instances = steward.programs.filter { $0.name == .customer }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<100 {
                    group.addTask {
                        _ = try await workspace.admin.accounts.createAccount(
                            CreateAccountRequest(record: Account(displayName: "Row \(index)")))
                    }
                }
                try await group.waitForAll()
            }
            for instance in instances {
                let metrics = try #require(instance.page("/metrics")).body
                #expect(metrics.contains("AccountService/CreateAccount"), "instance \(instance.instance)")
            }
            // What one has heard of rights, the other has, too; and one can go without notice to the clients.
            try await instances[0].stop()
            for index in 0..<50 {
                _ = try await workspace.admin.accounts.createAccount(
                    CreateAccountRequest(record: Account(displayName: "More \(index)")))
            }
            let count = try await workspace.admin.accounts.listAccounts(ListAccountsRequest(includeCount: true)).count
            #expect(count?.value == 150)
            try await instances[0].start()
            await workspace.close()
            try await steward.stop()
        }
    }
}
