import Catalogue
import Contracts
import CustomerContracts
import IdentityContracts
import Postgres
import RPC
import Reactor
import SalesContracts
import StewardClient
import Tenancy
import TenantDatabase
import TestPostgres
import TestSteward
import Testing
import Wire

extension SystemTests {
    /// Two workspaces in one installation know nothing of each other.
    @Suite(.serialized) struct TenantIsolationJourney {
        /// What clients may call.
        private static let methods = ContractCatalogue.all.methods.filter { method in
            ["steward.identity.v1.", "steward.customer.v1.", "steward.sales.v1."].contains {
                method.service.hasPrefix($0)
            }
        }

        /// The outcome of a call, and the bytes of an answer.
        private func outcome(
            _ connection: StewardConnection, _ method: MethodDefinition, _ request: [UInt8]
        ) async -> (error: RPCError?, answer: [UInt8]) {
            do {
                guard method.kind == .unary else { return (nil, try await stream(connection, method, request)) }
                return (nil, try await connection.channel.unary(method, request, CallOptions()))
            } catch {
                return (error, [])
            }
        }

        /// All that a stream tells, of one without an end until the records have been told that there are.
        private func stream(
            _ connection: StewardConnection, _ method: MethodDefinition, _ request: [UInt8]
        ) async throws(RPCError) -> [UInt8] {
            #expect(method.kind == .serverStreaming, "write a probe for \(method.path)")
            let call = try await connection.channel.open(method, CallOptions())
            try await call.send(request)
            try await call.finish()
            var told: [UInt8] = []
            while let response = try await call.next() {
                told += response
                let end = method.response.field("snapshot_end")
                if let end, decoded(response, method)?.bool(end) == true { break }
            }
            call.cancel()
            return told
        }

        /// Without where programs are that work there by themselves.
        private static func withoutPrograms(_ digest: [String: String]) -> [String: String] {
            let places = [".jobs", ".feed_consumers", ".mirror_feeds", ".mirrors"]
            return digest.filter { table, _ in !places.contains { table.hasSuffix($0) } }
        }

        @Test func noMethodReachesARecordOfAnotherTenant() async throws {
            let steward = try await TestSteward.shared()
            let mine = try await steward.makeWorkspace()
            let theirs = try await steward.makeWorkspace()
            let own = try await SampleRecords(in: mine, word: "oak\(UInt32.random(in: 0 ... .max))")
            let foreign = try await SampleRecords(in: theirs, word: "elm\(UInt32.random(in: 0 ... .max))")
            try await eventually("what Sales keeps of their accounts is whole") {
                let digest = try await steward.database.digest(ofTenant: theirs.tenantID)
                let counts = ["sales.account_mirror", "customer.accounts"].map {
                    digest[$0]?.split(separator: " ").first
                }
                return counts[0] != nil && counts[0] == counts[1]
            }
            let before = try await steward.database.digest(ofTenant: theirs.tenantID)
            #expect(before.count > 15)
            // Its sessions end on the way.
            let probing = try await mine.connectAsAdmin()

            for method in Self.methods where method.createsRecords || method.verb == "Update" {
                let probe = ForeignProbe(method: method, own: own, foreign: foreign)
                for reference in probe.references {
                    let (error, answer) = await outcome(probing, method, try probe.request(referringBy: reference))
                    expectNothingOf(foreign, theirs, in: answer, error, "\(method.path) by \(reference.name)")
                    expectReferenceRefused(method, reference.name, error, answer)
                }
            }
            var probed: Set<String> = []
            // What is created under a foreign id is one's own from then on, so these come last.
            let creating = Self.methods.filter(\.createsRecords)
            for method in Self.methods.filter({ !$0.createsRecords }) + creating where method.name != "SignOut" {
                let probe = ForeignProbe(method: method, own: own, foreign: foreign)
                let (error, answer) = await outcome(probing, method, try probe.request())
                expectNothingOf(foreign, theirs, in: answer, error, method.path)
                expectRefused(method, error, answer, foreign, probe.object)
                probed.insert(method.path)
            }
            #expect(probed.count == Self.methods.count - 1)
            let after = try await steward.database.digest(ofTenant: theirs.tenantID)
            #expect(Self.withoutPrograms(after) == Self.withoutPrograms(before))
            for connection in [probing, mine.admin] {
                let names = try await connection.accounts.listAccounts(ListAccountsRequest(pageSize: 1000)).records
                    .compactMap(\.displayName)
                #expect(!names.isEmpty && names.allSatisfy { $0.hasPrefix(own.word) || $0.hasPrefix("probe") })
            }
            await probing.close()
            await mine.close()
            await theirs.close()
        }

        /// Neither an answer nor an error tells anything that only the other tenant knows.
        private func expectNothingOf(
            _ foreign: SampleRecords, _ workspace: TestWorkspace, in answer: [UInt8], _ error: RPCError?, _ what: String
        ) {
            let told = String(decoding: answer, as: UTF8.self) + (error?.description ?? "")
            #expect(!told.contains(foreign.word), "\(what)")
            #expect(!told.contains(workspace.name), "\(what)")
        }

        private func expectRefused(
            _ method: MethodDefinition, _ error: RPCError?, _ answer: [UInt8], _ foreign: SampleRecords,
            _ object: String
        ) {
            switch (method.service.split(separator: ".").last, method.verb) {
            case ("TenantService", _), ("TenantJobService", _):
                #expect(error?.reason == "OPERATOR_REQUIRED", "\(method.path)")
            case ("AuthenticationService", _):
                #expect(error != nil || ["GetSelf", "UpdateSelf"].contains(method.name), "\(method.path)")
            case (_, "BatchGet"):
                #expect(error == nil, "\(method.path)")
                #expect(
                    strings("missing_ids", in: answer, method) == foreign.ids[object].map { [$0] }, "\(method.path)")
            case (_, "List") where method.request.field("id") == nil:
                #expect(error == nil, "\(method.path)")
            case ("SettingsService", _), (_, "Run"):
                break
            case (_, "BatchUpdate"), (_, "BatchDelete"), (_, "BatchRestore"):
                #expect(error == nil && resultCode(answer, method) == .notFound, "\(method.path)")
            case (_, "Upsert"):
                #expect(error == nil || error?.code == .invalidArgument, "\(method.path): \(error?.description ?? "")")
            case (_, "Reassign"):
                #expect(error?.reason == "REFERENCE_NOT_FOUND", "\(method.path)")
            case (_, "Update") where method.request.field("add_tag_ids") != nil:
                #expect(error?.reason == "TAG_UNKNOWN", "\(method.path): \(error?.description ?? "")")
            case (_, "Export"),
                (_, "Watch") where method.name != "WatchJob",
                (_, "Update") where method.name.contains("Matching"),
                (_, "Delete") where method.name.contains("Matching"):
                #expect(error == nil, "\(method.path): \(error?.description ?? "")")
            case ("WorkspaceModelService", _):
                // It names no record either: what is read, made or taken back is the caller's own.
                #expect(
                    error == nil || error?.reason == "MODEL_VERSION_UNKNOWN",
                    "\(method.path): \(error?.description ?? "")")
            case (_, "Search"):
                #expect(error?.reason == "TAG_UNKNOWN", "\(method.path): \(error?.description ?? "")")
            case _ where method.name == "PreviewPurge":
                // It names no record: what is counted is the caller's own.
                #expect(error == nil, "\(method.path): \(error?.description ?? "")")
            case (_, "Create"), (_, "BatchCreate"):
                // An id that another tenant uses is as good as any: that it is used there must not be told.
                #expect(error == nil, "\(method.path): \(error?.description ?? "")")
            default:
                #expect(error?.code == .notFound, "\(method.path): \(error?.description ?? "no error")")
            }
        }

        private func expectReferenceRefused(
            _ method: MethodDefinition, _ field: String, _ error: RPCError?, _ answer: [UInt8]
        ) {
            let what = "\(method.path) by \(field): \(error?.description ?? "no error")"
            guard method.verb == "BatchCreate" else {
                let allowed: Set<StatusCode> = [.invalidArgument, .failedPrecondition, .notFound]
                #expect(error.map { allowed.contains($0.code) } == true, "\(what)")
                return
            }
            let code = resultCode(answer, method)
            #expect(code != nil && code != .ok, "\(what)")
        }

        /// Of the only item of a batch.
        private func resultCode(_ answer: [UInt8], _ method: MethodDefinition) -> StatusCode? {
            guard let message = decoded(answer, method),
                let results = message.descriptor.field("results"), let result = message.messages(results).first,
                let code = result.descriptor.field("code")
            else { return nil }
            return StatusCode(rawValue: result.int32(code))
        }

        private func strings(_ name: String, in answer: [UInt8], _ method: MethodDefinition) -> [String]? {
            decoded(answer, method).flatMap { message in message.descriptor.field(name).map { message.strings($0) } }
        }

        private func decoded(_ answer: [UInt8], _ method: MethodDefinition) -> Message? {
            answer.withUnsafeBytes { try? WireCodec.decode($0, as: method.response, arena: Arena()) }
        }

        @Test func aNewWorkspaceIsEmpty() async throws {
            let steward = try await TestSteward.shared()
            let theirs = try await steward.makeWorkspace()
            _ = try await SampleRecords(in: theirs, word: "elm")
            let mine = try await steward.makeWorkspace()
            let admin = mine.admin
            #expect(try await admin.accounts.listAccounts(ListAccountsRequest(includeCount: true)).count?.value == 0)
            #expect(try await admin.contacts.listContacts(ListContactsRequest()).records.isEmpty)
            #expect(
                try await admin.accountContacts.listAccountContacts(ListAccountContactsRequest()).records
                    .isEmpty)
            #expect(try await admin.activities.listActivities(ListActivitiesRequest()).records.isEmpty)
            #expect(try await admin.deals.listDeals(ListDealsRequest()).records.isEmpty)
            #expect(try await admin.deals.getBoard(GetBoardRequest()).columns.allSatisfy { $0.dealCount == 0 })
            #expect(
                try await admin.pipelines.listPipelines(ListPipelinesRequest()).records.map(\.displayName) == [
                    "Sales"
                ])
            #expect(try await admin.users.listUsers(ListUsersRequest()).records.map(\.id) == [mine.adminUserID])
            #expect(try await admin.departments.listDepartments(ListDepartmentsRequest()).records.count == 1)
            await mine.close()
            await theirs.close()
        }

        @Test func noClientReachesWhatProgramsOfferEachOther() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let methods = ContractCatalogue.all.methods.filter { $0.service.hasPrefix("steward.platform.") }
            #expect(methods.count >= 5)
            for method in methods where method.kind == .unary {
                let (error, _) = await outcome(workspace.admin, method, [])
                #expect(error?.code == .unimplemented, "\(method.path)")
                #expect(error?.reason == "SERVICE_UNKNOWN", "\(method.path)")
            }
            await workspace.close()
        }

        /// A statement that names the wrong schema, planted in a service, is refused by PostgreSQL itself.
        @Test func theDatabaseRefusesTheWrongSchema() async throws {
            let steward = try await TestSteward.shared()
            let mine = try await steward.makeWorkspace()
            let theirs = try await steward.makeWorkspace()
            let sets = [
                ServiceName.customer: steward.database.databases(.customer), .sales: steward.database.databases(.sales),
            ]
            let attempts: [(by: ServiceName, table: String)] = [
                (.customer, "\(try schema(theirs, .customer)).accounts"),
                (.customer, "\(try schema(mine, .sales)).deals"),
                (.customer, "\(try schema(mine, .identity)).credentials"),
                (.sales, "\(try schema(theirs, .sales)).deals"),
                (.sales, "directory.sessions"),
            ]
            for attempt in attempts {
                guard let databases = sets[attempt.by] else { continue }
                let planted = Statement(unsafeGenerated: "SELECT count(*) FROM \(attempt.table)")
                let database = TenantDatabase(
                    service: attempt.by, databases: databases, placements: SinglePlacement(), schemaVersions: 1...1_000)
                let actor = TenantActor(mine.tenantID, purpose: Purpose("test"), onBehalfOf: nil)
                let state = try await steward.database.onLoop { () -> String? in
                    let deadline = MonotonicTime.moment(.seconds(10), after: MonotonicTime.now())
                    do {
                        _ = try await database.read(actor, deadline: deadline, planted, Parameters())
                        return nil
                    } catch let error as PostgresError {
                        return error.sqlState
                    }
                }
                #expect(state == "42501", "\(attempt.by) reads \(attempt.table)")
            }
            // The same way in works for the tenant's own table, so it was the schema that was refused.
            let database = TenantDatabase(
                service: .customer, databases: try #require(sets[.customer]), placements: SinglePlacement(),
                schemaVersions: 1...1_000)
            let tenantID = mine.tenantID
            let count = try await steward.database.onLoop {
                try await database.read(
                    TenantActor(tenantID, purpose: Purpose("test"), onBehalfOf: nil),
                    deadline: MonotonicTime.moment(.seconds(10), after: MonotonicTime.now()),
                    Statement("SELECT count(*) FROM {schema}.accounts"), Parameters()
                ).one().int64(0)
            }
            #expect(count == 0)
            for databases in sets.values { try await steward.database.onLoop { await databases.close(deadline: 0) } }
            await mine.close()
            await theirs.close()
        }

        private func schema(_ workspace: TestWorkspace, _ service: ServiceName) throws -> String {
            try #require(TenantSchema(tenantID: workspace.tenantID, service: service)).name
        }
    }
}

extension MethodDefinition {
    /// Stores new records in the caller's workspace.
    fileprivate var createsRecords: Bool { verb == "BatchCreate" || verb == "Create" && name != "CreateTenant" }

    /// The first word of the name; Batch goes with the next.
    fileprivate var verb: String {
        let prefix = name.hasPrefix("Batch") ? "Batch" : ""
        let rest = name.dropFirst(prefix.count)
        return prefix + rest.prefix(1) + rest.dropFirst().prefix { $0.isLowercase }
    }
}
