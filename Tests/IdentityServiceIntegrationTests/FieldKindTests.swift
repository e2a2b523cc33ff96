import AccessControl
import Contracts
import CoreMetrics
import IdentityContracts
import RPC
import Records
import ServiceHost
import Tenancy
import TestPostgres
import TestService
import Testing
import Text
import Work

@testable import IdentityService

/// An admin has the values of a field become values of another kind: what may be asked, and what becomes of it.
@Suite(.serialized) struct FieldKindTests {
    private static func fields(_ workspace: Workspace, as user: UserID? = nil) -> FieldDefinitionServiceClient {
        FieldDefinitionServiceClient(channel: workspace.channel(as: user))
    }

    private static func make(
        _ workspace: Workspace, _ change: (inout FieldDefinition) -> Void = { _ in }
    ) async throws -> FieldDefinition {
        var field = FieldDefinition(object: "account", name: "size", kind: .text, displayName: "Size")
        change(&field)
        return try await workspace.create(field)
    }

    private static let toWhole = FieldKindChange(kind: .wholeNumber)

    private static func begin(
        _ field: FieldDefinition, _ workspace: Workspace, _ change: FieldKindChange = toWhole,
        version: Int64? = nil, as user: UserID? = nil
    ) async throws -> ChangeFieldKindResponse {
        try await fields(workspace, as: user).changeFieldKind(
            ChangeFieldKindRequest(id: field.id, version: version, change: change))
    }

    /// Lets the jobs run until they wait, and lets their pauses pass.
    private static func settle(_ workspace: Workspace) async throws {
        let identity = workspace.identity.identity
        let zone = try #require(TimeZone("UTC"))
        let runner = JobRunner(
            identity.jobs.filter { $0.name == "change_field_kind" }, identity.engine,
            clock: JobClock(now: { .now() }, sleep: { _ in }), zone: { _ in zone }, jitter: { 0 },
            meter: JobMeter(NOOPMetricsHandler.instance), logger: workspace.identity.postgres.logger)
        _ = try await workspace.identity.tamper(
            "UPDATE \(workspace.schema).jobs SET due_at = now() - interval '1 s', started_at = started_at - interval '1 minute' WHERE ended_at IS NULL AND state = 'waiting'"
        )
        runner.wake(workspace.id)
        await runner.settle()
    }

    private static func jobs(_ workspace: Workspace, as user: UserID? = nil) async throws -> [Contracts.Job] {
        let answer: ListJobsResponse = try await workspace.channel(as: user).call(
            JobServiceOf(package: "steward.identity.v1").listJobs, ListJobsRequest(), CallOptions())
        return answer.jobs.filter { $0.name == "change_field_kind" }
    }

    private static func known(_ workspace: Workspace) async throws -> TenantField {
        let model = try #require(PolicySnapshot(try await workspace.policy())).model
        return try #require(model.fields(of: "account").first { $0.name == "size" })
    }

    private static let pending = CheckFieldKindResponse(pending: true, doneCount: 3, totalCount: 10)
    private static let fits = CheckFieldKindResponse(valueCount: 5, unfitCount: 0, behindCount: 0)

    @Test func theFieldTakesTheKindWhenAllValuesFit() async throws {
        try await inWorkspace { identity, workspace in
            let customer = try #require(identity.services[.customer])
            let made = try await Self.make(workspace)
            customer.checksKinds(
                [
                    Self.fits, Self.pending, Self.fits,
                    CheckFieldKindResponse(valueCount: 2, nextPlace: RecordID.make().bytes),
                ],
                for: workspace.id)
            let epoch = try await workspace.epoch()
            let begun = try await Self.begin(made, workspace, version: made.version)
            let change = try #require(begun.fieldDefinition?.kindChange)
            #expect(change.kind == .wholeNumber && change.jobID == begun.jobID)
            #expect(begun.fieldDefinition?.kind == .text && begun.fieldDefinition?.number == made.number)
            // The services know of it with the same policy.
            let under = try await Self.known(workspace)
            #expect(under.kind == .text && under.number == made.number)
            #expect(under.successor?.kind == .wholeNumber && under.successor?.number == change.number)
            #expect(change.number ?? 0 > made.number ?? 0)
            let begunEpoch = try await workspace.epoch()
            #expect(begunEpoch == epoch + 1)
            // Until everybody has heard of it nobody is asked.
            try await Self.settle(workspace)
            let early = customer.kindRequests(for: workspace.id).count
            #expect(early == 1)
            try await Self.settle(workspace)
            let waiting = try await Self.jobs(workspace)
            // It is the workspace's own: nobody's leaving ends it.
            #expect(waiting.count == 1 && waiting.first?.userID == nil && waiting.first?.id == begun.jobID)
            #expect(waiting.first?.doneCount == 3 && waiting.first?.totalCount == 10, "\(waiting)")
            try await Self.settle(workspace)
            let done = try await Self.jobs(workspace)
            #expect(done.map(\.state) == [.done])
            let after = try await workspace.get(made)
            #expect(after.kind == .wholeNumber && after.number == change.number && after.kindChange == nil)
            #expect(after.displayName == "Size" && after.name == "size")
            let now = try await Self.known(workspace)
            #expect(now.kind == .wholeNumber && now.number == change.number && now.successor == nil)
            // The user asked first, then the workspace's job, and nobody else.
            let asked = customer.kindRequests(for: workspace.id)
            #expect(asked.first?.caller == .program(.defineFields) && asked.first?.request.change?.number == nil)
            let later = asked.dropFirst().allSatisfy { $0.caller == .service(.changeFieldKind) }
            #expect(later && asked.last?.request.change?.number == change.number)
            #expect(asked.last?.request.place != nil)
            // What was changed is told with both.
            let history = try await Self.fields(workspace).listFieldDefinitionChanges(
                ListFieldDefinitionChangesRequest(id: made.id))
            let taken = history.changes.first
            let changed = Set(taken?.changedFields ?? [])
            #expect(changed.isSuperset(of: ["kind", "number"]))
            #expect(taken?.purpose == "change_field_kind" && taken?.actorID == nil)
        }
    }

    @Test func valuesThatDoNotFitRefuseIt() async throws {
        try await inWorkspace { identity, workspace in
            let customer = try #require(identity.services[.customer])
            let made = try await Self.make(workspace)
            let unfit = CheckFieldKindResponse(
                valueCount: 5, unfitCount: 2, examples: [UnfitValue(recordID: "one", value: "many", deleted: true)])
            // At once, with examples for who asks.
            customer.checksKinds([unfit], for: workspace.id)
            let refused = try await denial { try await Self.begin(made, workspace) }
            #expect(refused.reason == "VALUES_UNFIT" && refused.message.contains("\"many\" (one, deleted)"))
            customer.checksKinds(
                [CheckFieldKindResponse(valueCount: 3, unfitCount: 0, nextPlace: RecordID.make().bytes), unfit],
                for: workspace.id)
            let fields = Self.fields(workspace)
            let first = try await fields.previewFieldKind(
                PreviewFieldKindRequest(id: made.id, change: Self.toWhole))
            #expect(first.fitCount == 3 && first.unfitCount == 0 && first.nextPageToken != nil)
            let second = try await fields.previewFieldKind(
                PreviewFieldKindRequest(id: made.id, change: Self.toWhole, pageToken: first.nextPageToken))
            #expect(second.fitCount == 3 && second.unfitCount == 2 && second.nextPageToken == nil)
            #expect(second.examples.map(\.value) == ["many"])
            let forged = try await denial {
                try await fields.previewFieldKind(
                    PreviewFieldKindRequest(id: made.id, change: Self.toWhole, pageToken: "x"))
            }
            #expect(forged.code == .invalidArgument)
            // At the end, when something came in between: nothing is changed.
            customer.checksKinds([Self.fits, Self.fits, unfit], for: workspace.id)
            _ = try await Self.begin(made, workspace)
            for _ in 0..<4 { try await Self.settle(workspace) }
            let job = try #require(try await Self.jobs(workspace).first)
            #expect(job.state == .failed && job.lastError == "VALUES_UNFIT", "\(job)")
            let after = try await workspace.get(made)
            #expect(after.kind == .text && after.number == made.number && after.kindChange == nil)
            let known = try await Self.known(workspace)
            #expect(known.successor == nil)
            customer.checksKinds([Self.fits, Self.fits, CheckFieldKindResponse(behindCount: 1)], for: workspace.id)
            _ = try await Self.begin(made, workspace)
            for _ in 0..<4 { try await Self.settle(workspace) }
            let behind = try await Self.jobs(workspace).first
            #expect(behind?.lastError == "VALUES_NOT_CONVERTED")
            let still = try await workspace.get(made)
            #expect(still.kind == .text && still.kindChange == nil)
        }
    }

    /// Two admins at once, and what else would change the field meanwhile.
    @Test func oneChangeAtATime() async throws {
        try await inWorkspace { identity, workspace in
            let customer = try #require(identity.services[.customer])
            let made = try await Self.make(workspace)
            let old = try await denial { try await Self.begin(made, workspace, version: 7) }
            #expect(old.reason == "VERSION_CONFLICT" && old.code == .aborted)
            async let one = reason { try await Self.begin(made, workspace) }
            async let other = reason { try await Self.begin(made, workspace, FieldKindChange(kind: .date)) }
            let outcomes = try await [one, other]
            #expect(outcomes.filter { $0 == nil }.count == 1, "\(outcomes)")
            #expect(outcomes.contains { $0 == "FIELD_BEING_CHANGED" }, "\(outcomes)")
            let edits = [
                FieldDefinition(id: made.id, unique: true), FieldDefinition(id: made.id, required: true),
                FieldDefinition(id: made.id, pattern: "a+"), FieldDefinition(id: made.id, lengthMax: 5),
                FieldDefinition(id: made.id, defaultValue: CustomField(stringValue: "x")),
                FieldDefinition(id: made.id, indexed: true),
            ]
            for edit in edits {
                let refused = try await reason { try await workspace.update(edit) }
                #expect(refused == "FIELD_BEING_CHANGED")
            }
            let deleted = try await reason { try await workspace.delete(made) }
            #expect(deleted == "FIELD_BEING_CHANGED")
            let second = try await workspace.create(
                FieldDefinition(object: "account", name: "other", kind: .text, displayName: "Other"))
            let beside = try await reason { try await Self.begin(second, workspace) }
            #expect(beside == "FIELD_BEING_CHANGED")
            // Nobody says himself what is under way.
            _ = try await workspace.update(
                FieldDefinition(id: made.id, displayName: "Grösse", kindChange: FieldKindChange(kind: .date, number: 1))
            )
            let renamed = try await workspace.get(made)
            #expect(renamed.displayName == "Grösse" && renamed.kindChange?.number ?? 0 > 1)
            // Cancelled, the field is what it was, and the job ends.
            let cancelled = try await Self.fields(workspace).cancelFieldKind(CancelFieldKindRequest(id: made.id))
            #expect(cancelled.fieldDefinition?.kindChange == nil && cancelled.fieldDefinition?.kind == .text)
            try await Self.settle(workspace)
            try await Self.settle(workspace)
            let states = try await Self.jobs(workspace).map(\.state)
            #expect(states == [.cancelled])
            let again = try await reason {
                try await Self.fields(workspace).cancelFieldKind(CancelFieldKindRequest(id: made.id))
            }
            #expect(again == "FIELD_NOT_BEING_CHANGED")
            try await workspace.update(FieldDefinition(id: made.id, required: true))
            customer.checksKinds([], for: workspace.id)
        }
    }

    /// A job that is cancelled leaves the field as it was.
    @Test func aCancelledJobTakesTheChangeBack() async throws {
        try await inWorkspace { identity, workspace in
            let customer = try #require(identity.services[.customer])
            let made = try await Self.make(workspace)
            customer.checksKinds([Self.fits, Self.pending, Self.pending], for: workspace.id)
            let begun = try await Self.begin(made, workspace)
            try await Self.settle(workspace)
            let _: CancelJobResponse = try await workspace.channel().call(
                JobServiceOf(package: "steward.identity.v1").cancelJob, CancelJobRequest(id: begun.jobID), CallOptions()
            )
            for _ in 0..<2 { try await Self.settle(workspace) }
            let after = try await workspace.get(made)
            #expect(after.kind == .text && after.kindChange == nil)
            let states = try await Self.jobs(workspace).map(\.state)
            #expect(states == [.cancelled])
        }
    }

    @Test func whatGoesByTheFieldGoesFirst() async throws {
        try await inWorkspace { _, workspace in
            func refusal(_ field: FieldDefinition, _ change: FieldKindChange = Self.toWhole) async throws -> RPCError {
                try await denial { try await Self.begin(field, workspace, change) }
            }
            let made = try await Self.make(workspace)
            try await workspace.update(FieldDefinition(id: made.id, unique: true, indexed: true))
            let formula = try await workspace.create(
                FieldDefinition(
                    object: "account", name: "twice", kind: .text, displayName: "T",
                    formula: "custom.size & custom.size"))
            let held = try await refusal(made)
            #expect(held.reason == "FIELD_KIND_HELD")
            let holders = held.details.filter { $0.key == "holder" }.map(\.value)
            #expect(holders.count == 3, "\(holders)")
            for word in ["unique", "indexed", "custom.twice"] { #expect(held.message.contains(word), "\(held)") }
            let reckoned = try await refusal(formula, FieldKindChange(kind: .longText))
            #expect(reckoned.reason == "FIELD_KIND_HELD")
            try await workspace.delete(formula)
            try await workspace.update(FieldDefinition(id: made.id), ["unique", "indexed"])
            let rule = try await workspace.create(
                ValidationRule(
                    displayName: "Size", object: "account", condition: "not is_set(custom.size)", message: "Size!"))
            let ruled = try await refusal(made)
            #expect(ruled.reason == "FIELD_IN_VALIDATION_RULE")
            try await workspace.delete(rule)
            let shared = try await workspace.create(
                SharingRule(
                    displayName: "S", object: "account", filterExpression: "custom.size = big",
                    userIDs: [
                        workspace.adminID.description
                    ]))
            let filtered = try await refusal(made)
            #expect(filtered.reason == "FIELD_IN_SHARING_RULE")
            try await workspace.delete(shared)
            // What would not be right of the field afterwards.
            try await workspace.update(
                FieldDefinition(id: made.id, defaultValue: CustomField(stringValue: "x"), pattern: "x*"))
            let parts = try await refusal(made)
            #expect(
                parts.code == .invalidArgument && parts.fieldViolations.contains { $0.field == "pattern" }, "\(parts)")
            try await workspace.update(FieldDefinition(id: made.id), ["pattern"])
            let given = try await refusal(made)
            #expect(given.fieldViolations.contains { $0.field.hasPrefix("default_value") }, "\(given)")
        }
    }

    @Test func onlyWhatIsAWayIsTaken() async throws {
        try await inWorkspace { _, workspace in
            let made = try await Self.make(workspace)
            func violation(_ change: FieldKindChange) async throws -> String {
                let error = try await denial { try await Self.begin(made, workspace, change) }
                return error.fieldViolations.first.map { "\($0.field) \($0.reason)" } ?? error.reason
            }
            let cases: [(FieldKindChange, String)] = [
                (FieldKindChange(), "change.kind FIELD_KIND_UNREACHABLE"),
                (FieldKindChange(kind: .text), "change.kind FIELD_KIND_UNREACHABLE"),
                (FieldKindChange(kind: .reference), "change.kind FIELD_KIND_UNREACHABLE"),
                (FieldKindChange(kind: .choices, choices: ["a"]), "change.kind FIELD_KIND_UNREACHABLE"),
                (FieldKindChange(kind: .choice), "change.choices REQUIRED"),
                (FieldKindChange(kind: .choice, choices: ["a", "a"]), "change.choices DUPLICATE"),
                (FieldKindChange(kind: .choice, choiceList: "nothing"), "change.choice_list CHOICE_LIST_UNKNOWN"),
                (FieldKindChange(kind: .wholeNumber, decimals: 2), "change.decimals NOT_APPLICABLE"),
                (FieldKindChange(kind: .number, currencyCode: "EUR"), "change.currency_code NOT_APPLICABLE"),
            ]
            for (change, expected) in cases {
                let found = try await violation(change)
                #expect(found == expected)
            }
            let number = try await workspace.create(
                FieldDefinition(object: "account", name: "n", kind: .number, displayName: "N", valueMin: 1))
            for (code, expected) in [(nil, "REQUIRED"), ("QQQ", "INVALID_FORMAT"), ("EUR", "FIELD_KIND_HELD")] {
                let error = try await denial {
                    try await Self.begin(number, workspace, FieldKindChange(kind: .money, currencyCode: code))
                }
                #expect(error.reason == expected || error.fieldViolations.first?.reason == expected, "\(error)")
            }
        }
    }

    /// Who may not change definitions changes no kind, and learns nothing of values.
    @Test func itTakesTheRightToChangeDefinitions() async throws {
        try await inWorkspace { _, workspace in
            let made = try await Self.make(workspace)
            let reader = try await workspace.create(
                Role(
                    displayName: "Looker",
                    grants: [
                        Grant(object: "field_definition", action: "read", scope: .all),
                        Grant(object: "account", action: "read", scope: .all),
                    ]))
            let user = try await workspace.makeUser("reader", roles: [reader.id ?? ""])
            let fields = Self.fields(workspace, as: user)
            let refusals = [
                try await reason { try await Self.begin(made, workspace, as: user) },
                try await reason {
                    try await fields.previewFieldKind(PreviewFieldKindRequest(id: made.id, change: Self.toWhole))
                },
                try await reason { try await fields.cancelFieldKind(CancelFieldKindRequest(id: made.id)) },
            ]
            #expect(refusals == ["PERMISSION_MISSING", "PERMISSION_MISSING", "PERMISSION_MISSING"])
            let jobs = try await Self.jobs(workspace, as: user)
            #expect(jobs.isEmpty)
            let other = try await identityOfAnother(made, workspace)
            #expect(other == "RECORD_NOT_FOUND")
        }
    }

    /// Counts would tell who may not read the values what they are: how many are one of a list of one choice.
    @Test func countsAreForWhoReadsAllValues() async throws {
        try await inWorkspace { identity, workspace in
            let customer = try #require(identity.services[.customer])
            let made = try await Self.make(workspace)
            let guess = FieldKindChange(kind: .choice, choices: ["secret"])
            func grants(_ scope: GrantScope) -> [Contracts.Grant] {
                [
                    grant("field_definition", "read", .all), grant("field_definition", "update", .all),
                    grant("account", "read", scope),
                ]
            }
            let roles = [
                Role(displayName: "Own only", grants: grants(.own)),
                Role(displayName: "None", grants: Array(grants(.all).prefix(2))),
                Role(
                    displayName: "Masked", grants: grants(.all),
                    fieldPolicies: [Contracts.FieldPolicy(object: "account", field: "custom.size", access: .masked)]),
                Role(
                    displayName: "Blind", grants: grants(.all),
                    fieldPolicies: [
                        Contracts.FieldPolicy(object: "account", field: "custom_fields", access: FieldAccess.none)
                    ]),
            ]
            for (index, role) in roles.enumerated() {
                let stored = try await workspace.create(role)
                let user = try await workspace.makeUser("spy\(index)", roles: [stored.id ?? ""])
                let fields = Self.fields(workspace, as: user)
                let preview = try await reason {
                    try await fields.previewFieldKind(PreviewFieldKindRequest(id: made.id, change: guess))
                }
                let change = try await reason { try await Self.begin(made, workspace, guess, as: user) }
                #expect(preview == "RIGHTS_EXCEEDED" && change == "RIGHTS_EXCEEDED", "\(role.displayName ?? "")")
            }
            // Nobody was even asked.
            #expect(customer.kindRequests(for: workspace.id).isEmpty)
            let stored = try await workspace.create(Role(displayName: "Modeller", grants: grants(.all)))
            let user = try await workspace.makeUser("modeller", roles: [stored.id ?? ""])
            let answer = try await Self.fields(workspace, as: user).previewFieldKind(
                PreviewFieldKindRequest(id: made.id, change: guess))
            #expect(answer.fitCount == 3)
        }
    }

    /// A change replaces parts of the definition: who may not write one of them makes none.
    @Test func itTakesTheRightToWriteWhatIsReplaced() async throws {
        try await inWorkspace { identity, workspace in
            let made = try await Self.make(workspace)
            let rights = [
                grant("field_definition", "read", .all), grant("field_definition", "update", .all),
                grant("account", "read", .all),
            ]
            for field in ["kind", "length_max", "choices", "choice_list", "decimals"] {
                let policy = Contracts.FieldPolicy(object: "field_definition", field: field, access: .read)
                let role = try await workspace.create(
                    Role(displayName: "All but \(field)", grants: rights, fieldPolicies: [policy]))
                let user = try await workspace.makeUser("no\(field)", roles: [role.id ?? ""])
                let fields = Self.fields(workspace, as: user)
                let refusals = [
                    try await reason { try await Self.begin(made, workspace, as: user) },
                    try await reason { try await fields.cancelFieldKind(CancelFieldKindRequest(id: made.id)) },
                ]
                #expect(refusals == ["FIELD_NOT_WRITABLE", "FIELD_NOT_WRITABLE"], "\(field)")
            }
            let asked = try #require(identity.services[.customer]).kindRequests(for: workspace.id)
            #expect(asked.isEmpty)
        }
    }

    /// Whoever does not get the answer sends the call again, and is told what was begun, also when it has ended.
    @Test func aRepetitionGetsItsAnswer() async throws {
        try await inWorkspace { identity, workspace in
            let customer = try #require(identity.services[.customer])
            let made = try await Self.make(workspace)
            let fields = FieldDefinitionServiceClient(channel: workspace.channel(requestID: "again"))
            let request = ChangeFieldKindRequest(id: made.id, version: made.version, change: Self.toWhole)
            let first = try await fields.changeFieldKind(request)
            let second = try await fields.changeFieldKind(request)
            #expect(first.jobID != nil && second == first)
            for _ in 0..<3 {
                customer.checksKinds([Self.fits, Self.fits], for: workspace.id)
                try await Self.settle(workspace)
            }
            let after = try await workspace.get(made)
            #expect(after.kind == .wholeNumber)
            let third = try await fields.changeFieldKind(request)
            #expect(third.jobID == first.jobID)
            let jobs = try await Self.jobs(workspace)
            #expect(jobs.count == 1)
        }
    }

    private func identityOfAnother(_ field: FieldDefinition, _ workspace: Workspace) async throws -> String? {
        let stranger = try await workspace.identity.openWorkspace()
        return try await reason { try await Self.begin(field, stranger) }
    }

    /// A model with another kind is told what to do, and nothing of it is applied.
    @Test func aModelChangesNoKind() async throws {
        try await inWorkspace { _, workspace in
            let made = try await Self.make(workspace)
            let client = WorkspaceModelServiceClient(channel: workspace.channel())
            let wanted = FieldDefinition(object: "account", name: "size", kind: .wholeNumber, displayName: "Size")
            for preview in [true, false] {
                let refused = try await denial {
                    try await client.applyWorkspaceModel(
                        ApplyWorkspaceModelRequest(model: WorkspaceModel(fields: [wanted]), preview: preview))
                }
                #expect(refused.reason == "FIELD_IMMUTABLE" && refused.message.contains("change-kind"))
                #expect(refused.fieldViolations.map(\.field) == ["model.fields[0].kind"])
            }
            // While it is under way a model says nothing of it.
            _ = try await Self.begin(made, workspace)
            let exported = try await client.getWorkspaceModel(GetWorkspaceModelRequest())
            let field = try #require(exported.model?.fields.first { $0.name == "size" })
            #expect(field.kind == .text && field.kindChange == nil && field.number == nil)
            let applied = try await client.applyWorkspaceModel(
                ApplyWorkspaceModelRequest(model: WorkspaceModel(fields: [field])))
            #expect(applied.changes.isEmpty)
            let kept = try await workspace.get(made)
            #expect(kept.kindChange != nil)
        }
    }
}
