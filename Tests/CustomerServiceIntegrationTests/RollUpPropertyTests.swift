import AccessControl
import Contracts
import CustomerContracts
import CustomerService
import RPC
import Records
import Tenancy
import TestPostgres
import TestService
import TestSupport
import Testing
import Wire

/// After whatever was done with records, each roll-up says what a naive recount says.
@Suite struct RollUpPropertyTests {
    private static let objects = [
        TenantObject(name: "top", number: 1), TenantObject(name: "parent", number: 2),
        TenantObject(name: "child", number: 3),
    ]

    private static func roll(
        _ number: Int64, _ name: String, _ kind: TenantField.Kind, _ function: TenantRollUp.Function,
        _ value: String? = nil, time: String? = nil, filter: String? = nil
    ) -> TenantField {
        RollUps.field(
            "custom.parent", number, name, kind,
            TenantRollUp(
                object: "custom.child", reference: "custom.parent", function: function,
                value: value.map { "custom.\($0)" }, time: time, filter: filter))
    }

    private static func own(
        _ object: String, _ number: Int64, _ name: String, _ kind: TenantField.Kind, to other: String? = nil,
        formula: String? = nil
    ) -> TenantField {
        TenantField(
            object: "custom.\(object)", number: number, name: name, kind: kind,
            referenceObject: other.map { "custom.\($0)" }, formula: formula)
    }

    private static let fields = [
        own("parent", 1, "top", .reference, to: "top"), own("child", 2, "parent", .reference, to: "parent"),
        own("child", 3, "amount", .money), own("child", 4, "score", .number), own("child", 5, "size", .wholeNumber),
        own("child", 6, "day", .date), own("child", 7, "flag", .yesNo), own("child", 8, "label", .text),
        own("child", 9, "twice", .wholeNumber, formula: "custom.size * 2"),
        roll(20, "n", .wholeNumber, .count),
        roll(21, "flagged", .wholeNumber, .count, filter: "custom.size > 3 and custom.flag = true"),
        roll(22, "amounts", .money, .sum, "amount"), roll(23, "scores", .number, .sum, "score"),
        roll(24, "sizes", .wholeNumber, .sum, "size"), roll(25, "twices", .number, .sum, "twice"),
        roll(26, "first", .date, .least, "day"), roll(27, "greatest", .wholeNumber, .most, "size"),
        roll(28, "cheapest", .money, .least, "amount"), roll(29, "label", .text, .latest, "label", time: "custom.day"),
        own("parent", 30, "sum", .wholeNumber, formula: "custom.sizes + custom.n"),
        RollUps.field(
            "custom.top", 40, "children", .wholeNumber,
            TenantRollUp(object: "custom.parent", reference: "custom.top", function: .sum, value: "custom.n")),
        RollUps.field(
            "custom.top", 41, "best", .wholeNumber,
            TenantRollUp(object: "custom.parent", reference: "custom.top", function: .most, value: "custom.sum")),
    ]

    /// What was done, and how often.
    private struct Run {
        var random: SeededGenerator
        var tops: [Record] = []
        var parents: [Record] = []
        var children: [Record] = []
        var changed = 0
    }

    private static func some(_ values: [Record], _ count: Int, _ run: inout Run) -> [Record] {
        Array(values.shuffled(using: &run.random).prefix(count))
    }

    private static func value(_ name: String, _ run: inout Run) -> CustomField? {
        switch name {
        case "parent":
            return CustomField(name: name, stringValue: run.parents.randomElement(using: &run.random)?.id)
        case "amount":
            let currency = Int.random(in: 0..<30, using: &run.random) == 0 ? "USD" : "EUR"
            return CustomField(
                name: name,
                moneyValue: Money(currencyCode: currency, minorUnits: .random(in: -99...999, using: &run.random)))
        case "score":
            return CustomField(name: name, doubleValue: Double(Int.random(in: -500...500, using: &run.random)) / 100)
        case "size": return CustomField(name: name, intValue: .random(in: 0...9, using: &run.random))
        case "day":
            return CustomField(name: name, stringValue: "2026-01-0\(Int.random(in: 1...9, using: &run.random))")
        case "flag": return CustomField(name: name, boolValue: .random(using: &run.random))
        default: return CustomField(name: name, stringValue: "标签 \(Int.random(in: 0...99, using: &run.random))")
        }
    }

    private static let names = ["parent", "amount", "score", "size", "day", "flag", "label"]

    /// Some fields get values, some lose theirs; some edits are of a version that is not the last one.
    private static func edits(_ run: inout Run) -> [UpdateRequest<Record>] {
        var edits: [UpdateRequest<Record>] = []
        for child in some(run.children, 50, &run) {
            let chosen = Array(names.shuffled(using: &run.random).prefix(Int.random(in: 1...3, using: &run.random)))
            var edit = Record(id: child.id)
            if Bool.random(using: &run.random) { edit.version = child.version }
            for name in chosen where Int.random(in: 0..<5, using: &run.random) > 0 {
                if let value = value(name, &run) { edit.customFields.append(value) }
            }
            edits.append(UpdateRequest(record: edit, updateMask: chosen.map { "custom.\($0)" }))
        }
        return edits
    }

    private static func change(_ service: TestService, _ run: inout Run) async throws {
        switch Int.random(in: 0..<20, using: &run.random) {
        case 0:
            service.name("parent")
            let gone = some(run.parents, 2, &run).map { DeleteRequest<Record>(id: $0.id) }
            run.changed += try await service.batchDelete(gone).records.count
        case 1:
            service.name("parent")
            let back = run.parents.map { RestoreRequest<Record>(id: $0.id) }
            run.changed += try await service.batchRestore(back).records.count
            let moves = some(run.parents, 4, &run).map { parent in
                let top = run.tops.randomElement(using: &run.random)?.id
                return UpdateRequest(
                    record: Record(id: parent.id, customFields: [CustomField(name: "top", stringValue: top)]),
                    updateMask: ["custom.top"])
            }
            run.changed += try await service.batchUpdate(moves).records.count
        case 2, 3:
            service.name("child")
            let gone = some(run.children, 50, &run).map { DeleteRequest<Record>(id: $0.id) }
            run.changed += try await service.batchDelete(gone).records.count
        case 4, 5:
            service.name("child")
            let back = some(run.children, 150, &run).map { RestoreRequest<Record>(id: $0.id) }
            run.changed += try await service.batchRestore(back).records.count
        default:
            service.name("child")
            let edits = edits(&run)
            let stored = try await service.batchUpdate(edits).records
            run.changed += stored.count
            // What was read before is sent again now and then.
            let read = Dictionary(stored.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
            run.children = run.children.map { child in
                Bool.random(using: &run.random) ? read[child.id] ?? child : child
            }
        }
    }

    private static func all(_ object: String, _ service: TestService, deleted: Bool) async throws -> [Record] {
        service.name(object)
        let answer = try await service.call(Record.entry.methods.list) { request in
            request.set("show_deleted", deleted)
            if let size = request.descriptor.field("page_size") { request.setInt32(size, 1_000) }
        }
        return answer.records(of: Record.descriptor).map { Record($0) }
    }

    /// In the plainest way.
    private static func recount(_ children: [[String: CustomField]]) -> [CustomField] {
        var told = [CustomField(name: "n", intValue: Int64(children.count))]
        let flagged = children.filter { ($0["size"]?.intValue ?? 0) > 3 && $0["flag"]?.boolValue == true }
        told.append(CustomField(name: "flagged", intValue: Int64(flagged.count)))
        let amounts = children.compactMap { $0["amount"]?.moneyValue }
        if let currency = amounts.first?.currencyCode, amounts.allSatisfy({ $0.currencyCode == currency }) {
            let units = amounts.compactMap(\.minorUnits)
            for (name, value) in [("amounts", units.reduce(0, +)), ("cheapest", units.min() ?? 0)] {
                told.append(CustomField(name: name, moneyValue: Money(currencyCode: currency, minorUnits: value)))
            }
        }
        let scores = children.compactMap { $0["score"]?.doubleValue }.map { Int(($0 * 100).rounded()) }
        if !scores.isEmpty { told.append(CustomField(name: "scores", doubleValue: Double(scores.reduce(0, +)) / 100)) }
        let sizes = children.compactMap { $0["size"]?.intValue }
        if let greatest = sizes.max() {
            let sum = sizes.reduce(0, +)
            told += [
                CustomField(name: "sizes", intValue: sum), CustomField(name: "twices", doubleValue: Double(2 * sum)),
                CustomField(name: "greatest", intValue: greatest),
                CustomField(name: "sum", intValue: sum + Int64(children.count)),
            ]
        }
        if let day = children.compactMap({ $0["day"]?.stringValue }).min() {
            told.append(CustomField(name: "first", stringValue: day))
        }
        let dated = children.compactMap { child -> (String, String)? in
            guard let day = child["day"]?.stringValue, let label = child["label"]?.stringValue else { return nil }
            return (day + (child["id"]?.stringValue ?? ""), label)
        }
        if let latest = dated.max(by: { $0.0 < $1.0 }) {
            told.append(CustomField(name: "label", stringValue: latest.1))
        }
        return told
    }

    private static func compare(_ service: TestService) async throws {
        func values(_ record: Record) -> [String: CustomField] {
            var values = RollUps.values(record.customFields)
            values["id"] = CustomField(stringValue: record.id)
            return values
        }
        let children = try await all("child", service, deleted: false).map(values)
        let parents = try await all("parent", service, deleted: true)
        for parent in parents {
            let named = children.filter { $0["parent"]?.stringValue == parent.id }
            let told = parent.customFields.filter { $0.name != "top" }.sorted { ($0.name ?? "") < ($1.name ?? "") }
            let expected = recount(named).sorted { ($0.name ?? "") < ($1.name ?? "") }
            #expect(told == expected)
        }
        for top in try await all("top", service, deleted: true) {
            let named = parents.filter { $0.deleteTime == nil }.map(values).filter { $0["top"]?.stringValue == top.id }
            let told = RollUps.values(top.customFields)
            let counts = named.compactMap { $0["n"]?.intValue }
            #expect(told["children"]?.intValue == (counts.isEmpty ? nil : counts.reduce(0, +)))
            #expect(told["best"]?.intValue == named.compactMap { $0["sum"]?.intValue }.max())
        }
    }

    @Test(arguments: [1, 2] as [UInt64]) func eachSaysWhatARecountSays(_ seed: UInt64) async throws {
        try await TestService.run(CustomerService.definition) { service in
            service.set(Self.fields, objects: Self.objects)
            var run = Run(random: SeededGenerator(seed: seed))
            service.name("top")
            run.tops = try await service.batchCreate((0..<3).map { Record(displayName: "top \($0)") }).records
            service.name("parent")
            run.parents = try await service.batchCreate((0..<12).map { Record(displayName: "parent \($0)") }).records
            service.name("child")
            for _ in 0..<3 {
                run.children += try await service.batchCreate((0..<100).map { Record(displayName: "\($0)") }).records
            }
            let keeper = RollUps.keeper(service)
            for round in 1...180 {
                if round % 3 == 0 {
                    // While others write.
                    async let kept = keeper.step(service.tenant.id, timeout: .seconds(60))
                    try await Self.change(service, &run)
                    _ = try await kept
                } else {
                    try await Self.change(service, &run)
                }
                guard round % 20 == 0 else { continue }
                try await RollUps.settle(service)
                try await Self.compare(service)
            }
            #expect(run.changed >= 5_000)
        }
    }
}
