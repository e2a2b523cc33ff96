import Contracts
import Foundation
import TestSteward
import Testing

extension SystemTests {
    /// Records of a workspace's own objects name each other: by names on the command line and in files, through filters and orders, and only what
    /// their editor may read. With the template that is shipped.
    @Suite(.serialized) struct ReferenceJourney {
        private static let template = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../deploy/templates/suppliers.yaml").standardized.path

        @Test func aBuyerJudgesSuppliers() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            func run(_ arguments: String...) async throws -> CommandLineTool.Result {
                let result = try await tool.run(arguments: arguments)
                #expect(result.code == 0, "\(arguments): \(result.errors)\(result.output)")
                return result
            }
            _ = try await run("model", "apply", Self.template)
            for name in ["Nordlicht", "绿地"] {
                _ = try await run(
                    "supplier", "create", "display_name=\(name)", "external_id=S-\(name.utf8.count)",
                    "custom.status=approved")
            }
            let scores = ["custom.quality=4", "custom.delivery=5", "custom.price=3"]
            let evaluations = [("Nordlicht", "2026-Q1"), ("绿地", "2026-Q2")]
            for (supplier, period) in evaluations {
                let result = try await tool.run(
                    arguments: [
                        "supplier-evaluation", "create", "custom.supplier=\(supplier)", "custom.period=\(period)",
                    ] + scores)
                #expect(result.code == 0, "\(result.errors)")
            }
            let byNumber = try await tool.run(
                arguments: [
                    "supplier-evaluation", "create", "custom.supplier.external_id=S-9", "custom.period=2026-Q3",
                ] + scores)
            #expect(byNumber.code == 0, "\(byNumber.errors)")
            let nobody = try await tool.run(
                arguments: ["supplier-evaluation", "create", "custom.supplier=Nobody", "custom.period=x"] + scores)
            #expect(
                nobody.code == 1 && nobody.errors.contains("no custom.supplier that you may see"), "\(nobody.errors)")

            let table = try await run("supplier-evaluation", "list", "--columns", "custom.period,custom.supplier")
            #expect(table.lines.dropFirst().filter { $0.contains("Nordlicht") }.count == 2, "\(table.output)")
            let filtered = try await run(
                "supplier-evaluation", "list", "--filter", "custom.supplier.display_name = \"绿地\"", "--columns",
                "custom.period", "--output", "csv")
            #expect(filtered.lines == ["custom.period", "2026-Q2"])
            let ordered = try await run(
                "supplier-evaluation", "list", "--order-by", "custom.supplier.display_name desc", "--columns",
                "custom.period", "--limit", "1", "--output", "csv")
            #expect(ordered.lines == ["custom.period", "2026-Q2"])

            let file = try tool.file(
                "shipments.csv",
                """
                custom.supplier,custom.promised_date
                Nordlicht,2026-12-24
                绿地,2026-12-31
                Nobody,2026-12-31

                """)
            let imported = try await tool.run("import", "shipment", file)
            #expect(imported.code != 0 && (imported.errors + imported.output).contains("Nobody"), "\(imported.errors)")
            let arrived = try await run(
                "shipment", "list", "--columns", "custom.promised_date,custom.supplier", "--order-by",
                "custom.promised_date")
            #expect(arrived.lines.dropFirst().map { $0.split(separator: " ").last ?? "" } == ["Nordlicht", "绿地"])
            await workspace.close()
        }
    }
}
