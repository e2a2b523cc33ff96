import Foundation
import Synchronization
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// The models that are shipped, each applied to a workspace of its own and used as people would.
    @Suite(.serialized) struct TemplateJourney {
        private static func path(_ name: String) -> String {
            URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "../../deploy/templates/\(name).yaml").standardized.path
        }

        /// - Parameters:
        ///   - commands: what people write down.
        ///   - view: its object, its name and the columns that are looked at, with what these show.
        @Test(arguments: [
            Use(
                template: "training",
                commands: [
                    ["course", "create", "display_name=Safety", "custom.code=S-1", "custom.subject=security"],
                    ["course-assignment", "create", "custom.course=Safety", "custom.due_date=2027-02-01"],
                    [
                        "course-assignment", "create", "custom.course=Safety", "custom.due_date=2027-01-01",
                        "custom.status=open",
                    ],
                    [
                        "course-assignment", "create", "custom.course=Safety", "custom.due_date=2026-12-01",
                        "custom.status=done",
                    ],
                ],
                refused: (
                    ["course", "create", "display_name=x", "custom.code=x", "custom.subject=poetry"], "training_subject"
                ),
                object: "course-assignment", view: "Still to do", columns: "custom.due_date,custom.status",
                rows: ["2027-01-01,open", "2027-02-01,"]),
            Use(
                template: "suppliers",
                commands: [
                    ["supplier", "create", "display_name=绿地", "custom.categories=parts,transport"],
                    [
                        "shipment", "create", "custom.supplier=绿地", "custom.promised_date=2026-11-01",
                        "custom.delivered_date=2026-11-04",
                    ],
                    [
                        "shipment", "create", "custom.supplier=绿地", "custom.promised_date=2026-11-01",
                        "custom.delivered_date=2026-10-30",
                    ],
                    ["shipment", "create", "custom.supplier=绿地", "custom.promised_date=2026-11-01"],
                ],
                refused: (["supplier", "create", "display_name=x", "custom.categories=poetry"], "supplier_category"),
                object: "shipment", view: "Came late", columns: "custom.days_late", rows: ["3"]),
            Use(
                template: "clinic",
                commands: [
                    ["patient", "create", "display_name=张三", "custom.birth_date=1980-05-06"],
                    [
                        "appointment", "create", "custom.patient=张三", "custom.start_time=2027-01-05T08:00:00Z",
                        "custom.minutes=30",
                    ],
                    [
                        "appointment", "create", "custom.patient=张三", "custom.start_time=2026-12-05T08:00:00Z",
                        "custom.status=missed",
                    ],
                ],
                refused: (
                    ["appointment", "create", "custom.patient=张三", "custom.start_time=soon"], "custom.start_time"
                ),
                object: "appointment", view: "待诊 To come", columns: "custom.status,custom.end_time",
                rows: ["booked,2027-01-05T08:30:00Z"]),
        ])
        func itsPeopleWorkWithIt(_ use: Use) async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            let applied = try await tool.run("model", "apply", Self.path(use.template))
            #expect(applied.code == 0, "\(applied.errors)")
            for command in use.commands {
                let done = try await tool.run(arguments: command)
                #expect(done.code == 0, "\(command): \(done.errors)")
            }
            let refused = try await tool.run(arguments: use.refused.command)
            #expect(refused.code != 0 && refused.errors.contains(use.refused.word), "\(refused.errors)")
            let list = try await tool.run(
                use.object, "list", "--view", use.view, "--columns", use.columns, "--output", "csv")
            #expect(list.code == 0 && list.lines == [use.columns] + use.rows, "\(list.errors)\(list.output)")
            let again = try await tool.run("model", "diff", Self.path(use.template))
            #expect(again.code == 0 && again.errors.contains("0 would be changed"), "\(again.errors)\(again.output)")
            await workspace.close()
        }

        struct Use: CustomTestStringConvertible, Sendable {
            let template: String
            let commands: [[String]]
            /// What names no entry of a list, or is no value.
            let refused: (command: [String], word: String)
            let object, view, columns: String
            let rows: [String]

            var testDescription: String { template }
        }

        /// The program that applies a model is killed when half of it is written: all of it is there in the end, and nothing until then.
        @Test func aKillInTheMiddleLeavesNothing() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            let tool = try await workspace.commandLine()
            let schema = try #require(TenantSchema(tenantID: workspace.tenantID, service: .identity)).name
            let going = Mutex<CommandLineTool.Running?>(nil)
            try await steward.database.during("LOCK TABLE \(schema).saved_views IN SHARE MODE") {
                let apply = try tool.start("model", "apply", Self.path("suppliers"))
                going.withLock { $0 = apply }
                try await eventually("the views are waited for") {
                    try await steward.database.rows(
                        """
                        SELECT '' FROM pg_locks JOIN pg_stat_activity USING (pid)
                        WHERE NOT granted AND relation = '\(schema).saved_views'::regclass
                        """
                    ).count == 1
                }
                try await steward.identity.kill()
            }
            func made() async throws -> Int {
                let rows = try await steward.database.rows(
                    """
                    SELECT ((SELECT count(*) FROM \(schema).object_definitions) + (SELECT count(*) FROM \(schema).model_versions))::text
                    """
                )
                return try #require(rows[0][0].flatMap { Int($0) })
            }
            let before = try await made()
            #expect(before == 0)
            try await steward.identity.start()
            let result = try await #require(going.withLock { $0 }).result()
            // The command asks again by itself, as long as it is worth it.
            if result.code != 0 {
                let still = try await made()
                #expect(still == 0, "\(result.errors)")
                let again = try await tool.run("model", "apply", Self.path("suppliers"))
                #expect(again.code == 0, "\(again.errors)")
            }
            let after = try await made()
            #expect(after == 5, "four objects and one version")
            let versions = try await tool.run("model", "versions")
            #expect(versions.output.contains("Version 1") && !versions.output.contains("Version 2"))
            await workspace.close()
            try await steward.stop()
        }
    }
}
