import Contracts
import CustomerContracts
import Foundation
import RPC
import SalesContracts
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// One call, seen in every program it went through.
    @Suite(.serialized) struct TraceJourney {
        /// A span as it stands in a file.
        private struct Written {
            let program: String
            let trace: String
            let id: String
            let parent: String?
            let name: String
            let kind: Int
            let attributes: [String: String]
        }

        private func start() async throws -> TestSteward {
            try await TestSteward.start(settings: { program in
                [
                    "tracing: {file: \"\(Self.path(program))\"\(program.name == .gateway ? ", sample: 1" : "")}",
                    "log: {slowCall: \"1ms\"}",
                ]
            })
        }

        private static func path(_ program: TestProgram) -> String { program.logPath + ".spans" }

        private func text(_ steward: TestSteward) -> String { lines(steward).joined(separator: "\n") }

        /// Those that are whole: a program may be about to write the last one of its file.
        private func lines(_ steward: TestSteward) -> [String] {
            steward.programs.flatMap { program -> [String] in
                let bytes = (try? Data(contentsOf: URL(fileURLWithPath: Self.path(program)))) ?? Data()
                let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                return lines.dropLast().map { String(decoding: $0, as: UTF8.self) }.filter { !$0.isEmpty }
            }
        }

        private func spans(_ steward: TestSteward, of trace: TraceContext) throws -> [Written] {
            try lines(steward).flatMap { line -> [Written] in
                let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                let resource = try #require((object["resourceSpans"] as? [[String: Any]])?.first)
                let program = attributes((resource["resource"] as? [String: Any])?["attributes"])["service.name"] ?? ""
                let list = (resource["scopeSpans"] as? [[String: Any]])?.first?["spans"] as? [[String: Any]]
                return try #require(list).map { span in
                    Written(
                        program: program, trace: span["traceId"] as? String ?? "", id: span["spanId"] as? String ?? "",
                        parent: span["parentSpanId"] as? String, name: span["name"] as? String ?? "",
                        kind: span["kind"] as? Int ?? 0, attributes: attributes(span["attributes"]))
                }
            }.filter { $0.trace == trace.traceIDText }
        }

        private func attributes(_ list: Any?) -> [String: String] {
            let pairs = (list as? [[String: Any]] ?? []).map {
                ($0["key"] as? String ?? "", ($0["value"] as? [String: Any])?["stringValue"] as? String ?? "")
            }
            return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
        }

        private func options(_ trace: TraceContext) -> CallOptions {
            var options = CallOptions()
            options.trace = trace
            options.traceState = "vendor=1"
            return options
        }

        @Test func oneCallGivesOneConnectedTrace() async throws {
            let steward = try await start()
            let workspace = try await steward.makeWorkspace()
            let account = try await workspace.admin.accounts.createAccount(
                CreateAccountRequest(record: Account(displayName: "Verysecret Ltd")))
            let trace = TraceContext.make(isSampled: true)
            _ = try await workspace.admin.deals.createDeal(
                CreateDealRequest(record: Deal(displayName: "Hush-hush", accountID: account.record?.id)),
                options: options(trace))

            let all = try await eventually("the trace is written") {
                let spans = try spans(steward, of: trace)
                return spans.contains { $0.program == "steward-customer" && $0.name == "transaction" }
                    && spans.contains { $0.program == "steward-sales" && $0.kind == 2 }
                    && spans.contains { $0.program == "steward-gateway" && $0.kind == 2 } ? spans : nil
            }
            func one(_ program: String, _ kind: Int, _ name: String) throws -> Written {
                let found = all.filter { $0.program == program && $0.kind == kind && $0.name == name }
                #expect(found.count == 1, "\(program) \(kind) \(name): \(found)")
                return try #require(found.first)
            }
            let method = "steward.sales.v1.DealService/CreateDeal"
            let check = "steward.platform.v1.ReferenceService/CheckReferences"
            let door = try one("steward-gateway", 2, method)
            let passed = try one("steward-gateway", 3, method)
            let served = try one("steward-sales", 2, method)
            #expect(door.parent.flatMap { UInt64($0, radix: 16) } == trace.spanID)
            #expect(passed.parent == door.id)
            #expect(served.parent == passed.id)
            #expect(served.attributes["rpc.method"] == "CreateDeal" && served.attributes["rpc.system"] == "steward")
            #expect(served.attributes["rpc.response.status_code"] == "OK")
            #expect(passed.attributes["peer.service"] == "sales.steward.internal")
            // Sales asks customer about the account, and both ask their databases.
            let asked = all.filter { $0.program == "steward-sales" && $0.kind == 3 && $0.name == check }
            #expect(!asked.isEmpty && asked.allSatisfy { $0.parent == served.id })
            let answered = all.filter { $0.program == "steward-customer" && $0.kind == 2 }
            #expect(!answered.isEmpty && answered.allSatisfy { span in asked.contains { $0.id == span.parent } })
            for program in ["steward-sales", "steward-customer"] {
                let transactions = all.filter { $0.program == program && $0.name == "transaction" }
                let parents = Set(all.filter { $0.program == program && $0.kind == 2 }.map(\.id))
                #expect(!transactions.isEmpty)
                #expect(transactions.allSatisfy { parents.contains($0.parent ?? "") && $0.kind == 3 })
                #expect(transactions.allSatisfy { $0.attributes["db.system.name"] == "postgresql" })
            }
            #expect(Set(all.map(\.id)).count == all.count)
            // What leaves the installation says nothing of a tenant.
            let text = text(steward)
            for secret in ["Verysecret", "Hush-hush", workspace.name, "\(workspace.tenantID)", TestSteward.password] {
                #expect(!text.contains(secret), "\(secret)")
            }
            try await callersDecide(steward, workspace)
            try slowCallsSayWhereTheTimeWent(steward)
            try await clientsHaveASayWithinABudget(steward, workspace)
            await workspace.close()
            try await steward.stop()
        }

        private func callersDecide(_ steward: TestSteward, _ workspace: TestWorkspace) async throws {
            // The gateway would record everything that begins here; this one came with a caller who says no.
            let unsampled = TraceContext.make(isSampled: false)
            _ = try await workspace.admin.accounts.listAccounts(ListAccountsRequest(), options: options(unsampled))
            // A file begun anew by SIGHUP, and after it a trace that is surely written.
            let gateway = Self.path(steward.gateway)
            try FileManager.default.moveItem(atPath: gateway, toPath: gateway + ".old")
            steward.gateway.send(SIGHUP)
            let last = TraceContext.make(isSampled: true)
            try await eventually("the file is opened anew") {
                _ = try await workspace.admin.accounts.listAccounts(ListAccountsRequest(), options: options(last))
                return try spans(steward, of: last).contains { $0.program == "steward-gateway" }
            }
            #expect(try spans(steward, of: unsampled).isEmpty)
            let metrics = try #require(steward.gateway.page("/metrics")).body
            #expect(metrics.contains("steward_tracing_spans_written_total"))
            #expect(metrics.contains("steward_tracing_spans_dropped_total 0"))
        }

        /// One client that wants everything recorded: the first hundred calls and ten a second are.
        private func clientsHaveASayWithinABudget(_ steward: TestSteward, _ workspace: TestWorkspace) async throws {
            let trace = TraceContext.make(isSampled: true)
            let callCount = 400
            let refusedBefore = try tracesRefused(steward)
            let begin = ContinuousClock.now
            for _ in 0..<callCount {
                _ = try await workspace.admin.accounts.listAccounts(ListAccountsRequest(), options: options(trace))
            }
            let refills = Int((ContinuousClock.now - begin) / .milliseconds(100)) + 1
            let refused = try tracesRefused(steward) - refusedBefore
            #expect(refused >= callCount - 100 - refills)
            // The gateway passes on what it decided: no program behind it has recorded more.
            let recorded = callCount - refused
            try await eventually("spans are written") {
                try spans(steward, of: trace).filter { $0.program == "steward-customer" && $0.kind == 2 }.count
                    == recorded
            }
        }

        private func tracesRefused(_ steward: TestSteward) throws -> Int {
            let metrics = try #require(steward.gateway.page("/metrics")).body.split(separator: "\n")
            let line = metrics.first { $0.hasPrefix("steward_tracing_client_traces_unsampled_total ") }
            return try #require(line?.split(separator: " ").last.flatMap { Int($0) })
        }

        private func slowCallsSayWhereTheTimeWent(_ steward: TestSteward) throws {
            func lines(_ program: TestProgram, _ message: String) throws -> [[String: Any]] {
                try String(contentsOfFile: program.logPath, encoding: .utf8).split(separator: "\n").compactMap {
                    try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
                }.filter { $0["msg"] as? String == message }
            }
            func number(_ line: [String: Any], _ key: String) throws -> Double {
                try #require((line[key] as? String).flatMap { Double($0) })
            }
            let served = try lines(steward.sales, "call was slow")
            #expect(!served.isEmpty)
            for line in served {
                let parts = try ["queue_ms", "pool_ms", "db_ms", "handler_ms"].map { try number(line, $0) }
                // Rounded down five times; a call that used two connections at once may have more in its parts.
                #expect(try parts.reduce(0, +) >= number(line, "duration_ms") - 0.005)
            }
            #expect(try served.contains { try number($0, "db_ms") > 0 })
            let forwards = try lines(steward.gateway, "forward was slow")
            let created = try #require(
                forwards.first { ($0["rpc.method"] as? String)?.hasSuffix("CreateDeal") == true })
            #expect(created["peer"] as? String == "sales" && (created["trace.id"] as? String)?.count == 32)
            #expect(
                try number(created, "service_ms") + number(created, "queue_ms") <= number(created, "duration_ms")
                    + 0.002)
            #expect(try number(created, "service_ms") > 0)
            // The same call in the service's log has the same trace.
            #expect(served.contains { $0["trace.id"] as? String == created["trace.id"] as? String })
        }
    }
}
