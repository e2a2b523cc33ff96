import AccessControl
import Contracts
import IdentityContracts
import RPC
import ServiceHost
import Tenancy
import TestService
import Testing

@testable import IdentityService

/// Choice lists: what they may hold, who may change them, how services hear of them, and merging.
@Suite(.serialized) struct ChoiceListTests {
    private static func list(_ values: [String], name: String = "industry") -> ChoiceList {
        ChoiceList(name: name, displayName: "Industry", entries: values.map { ChoiceEntry(value: $0) })
    }

    private static func model(_ workspace: Workspace) async throws -> TenantModel {
        try #require(PolicySnapshot(try await workspace.policy())).model
    }

    private static func field(_ list: String?, choices: [String] = [], name: String = "branch") -> FieldDefinition {
        FieldDefinition(
            object: "lead", name: name, kind: .choice, displayName: "b", choices: choices, choiceList: list)
    }

    private static func lists(_ workspace: Workspace, as user: UserID? = nil) -> ChoiceListServiceClient {
        ChoiceListServiceClient(channel: workspace.channel(as: user))
    }

    @Test func aListIsPartOfThePolicyWithTheFieldsThatNameIt() async throws {
        try await inWorkspace { _, workspace in
            let wanted = ChoiceList(
                name: "industry", displayName: "Industry", labels: [FieldLabel(languageCode: "zh", displayName: "行业")],
                entries: [
                    ChoiceEntry(
                        value: "steel", displayName: "Steel",
                        labels: [FieldLabel(languageCode: "zh", displayName: "钢铁")],
                        colour: "#1e90ff"), ChoiceEntry(value: "银行", retired: true),
                ], boundFields: ["account.industry"])
            let before = try await workspace.epoch()
            let made = try await workspace.create(wanted)
            #expect(made.entries == wanted.entries && made.labels == wanted.labels)
            #expect(try await workspace.epoch() == before + 1)
            _ = try await workspace.create(Self.field("industry"))
            let model = try await Self.model(workspace)
            let list = try #require(model.choiceList("industry"))
            #expect(list.entries.map(\.value) == ["steel", "银行"] && list.entries.map(\.isRetired) == [false, true])
            #expect(list.entry("steel")?.label(in: "zh-CN") == "钢铁" && list.entry("steel")?.label(in: "fr") == "Steel")
            #expect(model.boundFields(of: "account").keys.sorted() == ["industry"])
            let field = try #require(model.fields(of: "lead").first)
            #expect(field.choiceList == "industry" && model.choices(of: field) == list)
            // A new name for people is none of the services' business; a new label of an entry is.
            try await workspace.update(ChoiceList(id: made.id, displayName: "Branch"))
            let epoch = try await workspace.epoch()
            #expect(epoch == before + 2)
            var renamed = made.entries
            renamed[0].displayName = "Iron and steel"
            try await workspace.update(ChoiceList(id: made.id, entries: renamed))
            #expect(
                try await Self.model(workspace).choiceList("industry")?.entry("steel")?.displayName == "Iron and steel")
        }
    }

    @Test func whatIsWrongIsRefusedWithItsPlace() async throws {
        try await inWorkspace { _, workspace in
            func violation(_ list: ChoiceList) async throws -> String {
                do {
                    _ = try await workspace.create(list)
                    return "made"
                } catch let error as RPCError {
                    return error.fieldViolations.first.map { "\($0.field) \($0.reason)" } ?? error.reason
                }
            }
            func entry(_ change: (inout ChoiceEntry) -> Void) -> ChoiceList {
                var list = Self.list(["a", "b"])
                change(&list.entries[1])
                return list
            }
            let long = String(repeating: "长", count: 101)
            let cases: [(ChoiceList, String)] = [
                (Self.list(["a", "b", "a"]), "entries[2].value DUPLICATE"),
                (Self.list([long]), "entries[0].value TOO_LONG"),
                (Self.list([""]), "entries[0].value REQUIRED"),
                (Self.list(["a"], name: "No name"), "name INVALID_FORMAT"),
                (entry { $0.colour = "red" }, "entries[1].colour INVALID_FORMAT"),
                (entry { $0.mergedInto = "a" }, "entries[1].merged_into NOT_APPLICABLE"),
                (entry { ($0.retired, $0.mergedInto) = (true, "c") }, "entries[1].merged_into CHOICE_UNKNOWN"),
                (entry { ($0.retired, $0.mergedInto) = (true, "b") }, "entries[1].merged_into CHOICE_UNKNOWN"),
                (Self.list((0...1_000).map(String.init)), "entries TOO_MANY"),
            ]
            for (list, expected) in cases {
                let found = try await violation(list)
                #expect(found == "choice_list.\(expected)" || found == "record.\(expected)", "\(found)")
            }
            var bound = Self.list(["a"])
            bound.boundFields = ["account.city"]
            #expect(try await violation(bound).hasSuffix("bound_fields[0] FIELD_UNKNOWN"))
            // A thousand entries with labels fit; more of such lists do not.
            var big = Self.list((0..<1_000).map { "value \($0)" })
            for index in big.entries.indices {
                big.entries[index].displayName = "A label of \(index), which is of some length"
                big.entries[index].labels = [FieldLabel(languageCode: "zh", displayName: "第\(index)个")]
            }
            #expect(try await violation(big) == "made")
            big.name = "second"
            #expect(try await violation(big) == "made")
            big.name = "third"
            var refused = ""
            for index in 0..<4 where refused.isEmpty || refused == "made" {
                big.name = "more\(index)"
                refused = try await violation(big)
            }
            #expect(refused == "MODEL_TOO_LARGE")
        }
    }

    @Test func fieldsNameListsThatAreThereAndKeepThem() async throws {
        try await inWorkspace { _, workspace in
            func refusal(_ body: () async throws -> Void) async throws -> String? { try await reason(body) }
            #expect(try await refusal { try await workspace.create(Self.field("industry")) } == "CHOICE_LIST_UNKNOWN")
            let list = try await workspace.create(Self.list(["a", "b"]))
            let both = try await denial { try await workspace.create(Self.field("industry", choices: ["x"])) }
            #expect(both.fieldViolations.first?.reason == "NOT_APPLICABLE")
            var wrong = Self.field("industry")
            wrong.kind = .text
            let text = try await denial { try await workspace.create(wrong) }
            #expect(text.fieldViolations.first?.reason == "NOT_APPLICABLE")
            var given = Self.field("industry")
            given.defaultValue = CustomField(stringValue: "c")
            let unknown = try await denial { try await workspace.create(given) }
            #expect(unknown.fieldViolations.first?.reason == "UNKNOWN_VALUE")
            given.defaultValue = CustomField(stringValue: "a")
            let field = try await workspace.create(given)
            // What new records get stays there to be chosen.
            let retired = [ChoiceEntry(value: "a", retired: true), ChoiceEntry(value: "b")]
            let isDefault = try await refusal {
                try await workspace.update(ChoiceList(id: list.id, entries: retired))
            }
            #expect(isDefault == "CHOICE_IS_DEFAULT")
            let used = try await denial { try await workspace.delete(list) }
            #expect(used.reason == "CHOICE_LIST_IN_USE" && used.message.contains("lead.custom.branch"))
            // A field of its own choices takes those of a list, and the other way round.
            try await workspace.update(
                FieldDefinition(id: field.id, choices: ["a"]), ["choices", "choice_list"])
            try await workspace.delete(list)
            #expect(
                try await refusal {
                    try await workspace.update(
                        FieldDefinition(id: field.id, choiceList: "industry"), ["choices", "choice_list"])
                } == "CHOICE_LIST_UNKNOWN")
            try await workspace.restore(list)
            try await workspace.update(
                FieldDefinition(id: field.id, choiceList: "industry"), ["choices", "choice_list"])
            try await workspace.delete(field)
            try await workspace.delete(list)
            #expect(try await refusal { try await workspace.restore(field) } == "CHOICE_LIST_UNKNOWN")
        }
    }

    @Test func aTextIsBoundToOneList() async throws {
        try await inWorkspace { _, workspace in
            var list = Self.list(["a"])
            list.boundFields = ["account.industry", "lead.source", "deal.outcome_reason"]
            let made = try await workspace.create(list)
            var other = Self.list(["b"], name: "other")
            other.boundFields = ["lead.source"]
            let bound = try await denial { try await workspace.create(other) }
            #expect(bound.reason == "FIELD_BOUND" && bound.message.contains("industry"))
            #expect(try await reason { try await workspace.delete(made) } == "CHOICE_LIST_IN_USE")
            try await workspace.update(
                ChoiceList(id: made.id, boundFields: ["account.industry"]), ["bound_fields"])
            _ = try await workspace.create(other)
            #expect(try await reason { try await workspace.create(Self.list(["c"])) } == "CHOICE_LIST_NAME_TAKEN")
        }
    }

    @Test func twoAdminsAtOnceAreToldOfEachOther() async throws {
        try await inWorkspace { _, workspace in
            let made = try await workspace.create(Self.list(["a"]))
            let first = [ChoiceEntry(value: "a"), ChoiceEntry(value: "b")]
            try await workspace.update(ChoiceList(id: made.id, version: made.version, entries: first))
            let second = [ChoiceEntry(value: "a"), ChoiceEntry(value: "c")]
            let conflict = try await denial {
                try await workspace.update(ChoiceList(id: made.id, version: made.version, entries: second))
            }
            #expect(conflict.code == .aborted && conflict.reason == "VERSION_CONFLICT")
            #expect(conflict.conflict?.fields == ["entries"])
            let merge = try await denial {
                _ = try await Self.lists(workspace).mergeChoices(
                    MergeChoicesRequest(
                        choiceListID: made.id, fromValue: "a", intoValue: "b", version: made.version))
            }
            #expect(merge.reason == "VERSION_CONFLICT")
        }
    }

    @Test func mergingRetiresAnEntryAndBeginsAJobInEachServiceThatUsesIt() async throws {
        try await inWorkspace { identity, workspace in
            let made = try await workspace.create(Self.list(["a", "b", "c"]))
            let client = Self.lists(workspace)
            func merge(_ from: String, _ into: String, preview: Bool? = nil) async throws -> MergeChoicesResponse {
                try await client.mergeChoices(
                    MergeChoicesRequest(choiceListID: made.id, fromValue: from, intoValue: into, preview: preview))
            }
            let seen = try await merge("a", "b", preview: true)
            #expect(seen.uses.map(\.field) == ["industry", "custom.size"] && seen.uses.map(\.count) == [3, 3])
            #expect(seen.merges.isEmpty && seen.choiceList == nil)
            #expect(try await Self.model(workspace).choiceList("industry")?.entry("a")?.isRetired == false)
            let done = try await merge("a", "b")
            #expect(done.merges.map(\.service) == ["customer"] && RecordID(done.merges[0].jobID ?? "") != nil)
            let entry = try #require(try await Self.model(workspace).choiceList("industry")?.entry("a"))
            #expect(entry.isRetired && entry.successor == "b")
            // Once more is harmless, and begins a job for what is left.
            #expect(try await merge("a", "b").merges.count == 1)
            // Who took the place of one hands it on.
            _ = try await merge("b", "c")
            let entries = try #require(try await Self.model(workspace).choiceList("industry")?.entries)
            #expect(entries.map(\.successor) == ["c", "c", nil])
            let begun = try #require(identity.services[.customer]).merges
            #expect(begun.suffix(3).map { $0.prefix(12) } == ["industry a b", "industry a b", "industry b c"])
            for (from, into, expected) in [
                ("c", "c", "CHOICE_MERGED_INTO_ITSELF"), ("c", "a", "CHOICE_RETIRED"), ("x", "c", "CHOICE_UNKNOWN"),
                ("c", "x", "CHOICE_UNKNOWN"), ("", "", "CHOICE_MERGED_INTO_ITSELF"),
            ] {
                #expect(try await reason { _ = try await merge(from, into) } == expected)
            }
        }
    }

    /// Everybody sees what there is to choose from; who may not change the list changes nothing of it.
    @Test func othersReadListsAndChangeNone() async throws {
        try await inWorkspace { _, workspace in
            let made = try await workspace.create(Self.list(["a", "b"]))
            let rep = try await workspace.makeUser("rep", roles: [try await workspace.roleID("Sales rep")])
            #expect(try await workspace.list(ChoiceList.self, as: rep).map(\.name) == ["industry"])
            let merge = try await reason {
                _ = try await Self.lists(workspace, as: rep).mergeChoices(
                    MergeChoicesRequest(choiceListID: made.id, fromValue: "a", intoValue: "b"))
            }
            let update = try await reason {
                try await workspace.update(ChoiceList(id: made.id, entries: []), as: rep)
            }
            let creation = try await reason { try await workspace.create(Self.list(["z"], name: "z"), as: rep) }
            #expect([merge, update, creation].allSatisfy { $0 == "PERMISSION_MISSING" })
            // Of another workspace it is not there.
            try await inWorkspace { _, other in
                let foreign = try await reason {
                    _ = try await Self.lists(other).mergeChoices(
                        MergeChoicesRequest(choiceListID: made.id, fromValue: "a", intoValue: "b"))
                }
                #expect(foreign == "RECORD_NOT_FOUND")
            }
            #expect(try await Self.model(workspace).choiceList("industry")?.entry("a")?.isRetired == false)
        }
    }
}
