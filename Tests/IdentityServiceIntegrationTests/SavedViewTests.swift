import AccessControl
import Contracts
import IdentityContracts
import RPC
import Tenancy
import TestService
import Testing

@testable import IdentityService

/// Views of lists: what they may hold, who reads them, and with which one their owner begins.
@Suite(.serialized) struct SavedViewTests {
    private static let open = SavedView(
        object: "deal", displayName: "我的商机", filterExpression: "stage.category = open and amount >= \"5000 EUR\"",
        columns: ["display_name", "amount", "stage_id"], orderBy: ["stage.display_name", "close_date desc"])

    /// Names of the views that a user is told of, in every way that lists them.
    private static func seen(_ workspace: Workspace, as user: UserID) async throws -> Set<String> {
        let client = SavedViewServiceClient(channel: workspace.channel(as: user))
        let page = try await client.listSavedViews(ListSavedViewsRequest(includeCount: true))
        let names = Set(page.records.compactMap(\.displayName))
        #expect(page.count?.value == Int64(page.records.count))
        let all = try await workspace.list(SavedView.self, as: workspace.adminID)
        let ids = all.compactMap(\.id)
        let some = try await client.batchGetSavedViews(BatchGetSavedViewsRequest(ids: ids))
        #expect(Set(some.records.compactMap(\.displayName)) == names)
        for view in all {
            let isSeen = names.contains(view.displayName ?? "")
            let got = try await reason { try await workspace.get(view, as: user) }
            #expect(got == (isSeen ? nil : "RECORD_NOT_FOUND"), "\(view.displayName ?? "")")
            let history = try await reason {
                try await client.listSavedViewChanges(ListSavedViewChangesRequest(id: view.id))
            }
            #expect(history == got)
        }
        return names
    }

    @Test func aViewIsKeptAsItWasWritten() async throws {
        try await inWorkspace { _, workspace in
            let rep = try await workspace.addUser("rep", roles: ["Sales rep"])
            let made = try await workspace.create(Self.open, as: rep)
            let read = try await workspace.get(made, as: rep)
            #expect(read == made && read.ownerID == rep.description)
            #expect(read.filterExpression == Self.open.filterExpression && read.columns == Self.open.columns)
            #expect(read.orderBy == Self.open.orderBy)
            let renamed = try await workspace.update(SavedView(id: made.id, displayName: "Open"), as: rep)
            #expect(renamed.columns == Self.open.columns)
            try await workspace.delete(made, as: rep)
            #expect(try await workspace.restore(made, as: rep).displayName == "Open")
            #expect(
                try await reason { try await workspace.update(SavedView(id: made.id, object: "lead"), as: rep) }
                    == "FIELD_IMMUTABLE")
        }
    }

    @Test func whatNamesNothingIsRefused() async throws {
        try await inWorkspace { _, workspace in
            try await workspace.create(
                FieldDefinition(object: "deal", name: "budget", kind: .money, displayName: "Budget"))
            func with(_ change: (inout SavedView) -> Void) -> SavedView {
                var view = Self.open
                change(&view)
                return view
            }
            let cases: [(SavedView, [String])] = [
                (with { $0.object = "deals" }, ["object OBJECT_UNKNOWN"]),
                (with { $0.displayName = " " }, ["display_name REQUIRED"]),
                (with { $0.filterExpression = "amount >" }, ["filter_expression FILTER_SYNTAX"]),
                (
                    with { $0.filterExpression = "colour = red and size > 1" },
                    ["filter_expression FILTER_FIELD_UNKNOWN", "filter_expression FILTER_FIELD_UNKNOWN"]
                ),
                (with { $0.filterExpression = "stage.colour = red" }, ["filter_expression FILTER_FIELD_UNKNOWN"]),
                (
                    with { $0.filterExpression = "stage.pipeline.display_name = red" },
                    ["filter_expression FILTER_FIELD_UNKNOWN"]
                ),
                (with { $0.filterExpression = "custom.size > 1" }, ["filter_expression FILTER_FIELD_UNKNOWN"]),
                (with { $0.columns = ["amount", "colour"] }, ["columns FIELD_UNKNOWN"]),
                (with { $0.columns = ["amount", "amount"] }, ["columns DUPLICATE"]),
                (with { $0.columns = ["stage.display_name"] }, ["columns FIELD_UNKNOWN"]),
                (with { $0.orderBy = ["amount upwards"] }, ["order_by ORDER_INVALID"]),
                (with { $0.orderBy = ["colour desc"] }, ["order_by ORDER_INVALID"]),
                (with { $0.orderBy = ["id", "version", "create_time", "amount"] }, ["order_by TOO_MANY"]),
            ]
            for (view, expected) in cases {
                let violations = try await denial { try await workspace.create(view) }.fieldViolations
                let told = violations.map { "\($0.field.replacing("saved_view.", with: "")) \($0.reason)" }
                #expect(told == expected, "\(view)")
            }
            let known = try await workspace.create(
                with {
                    $0.filterExpression =
                        "custom.budget.minor_units > 5 and account.city = Bonn and amount.currency_code = EUR"
                    $0.columns = ["custom.budget", "custom_fields", "owner_id"]
                    $0.orderBy = ["custom.budget.minor_units desc", "account.region"]
                })
            // A field that goes takes no view along: only what is new is looked at.
            let field = try #require(try await workspace.list(FieldDefinition.self).first)
            try await workspace.delete(field)
            try await workspace.update(SavedView(id: known.id, displayName: "Old"))
            #expect(
                try await reason { try await workspace.update(SavedView(id: known.id, columns: ["custom.budget"])) }
                    == "FIELD_UNKNOWN")
        }
    }

    /// A view keeps what a list takes: orders of texts, fields of records that a custom field names, and what was typed for a number.
    @Test func aViewTakesWhatAListTakes() async throws {
        try await inWorkspace { _, workspace in
            func define(_ name: String, _ kind: FieldKind, of other: String? = nil) async throws {
                try await workspace.create(
                    FieldDefinition(
                        object: "account", name: name, kind: kind, displayName: name, referenceObject: other))
            }
            try await define("supplier", .reference, of: "account")
            try await define("buyer", .reference, of: "user")
            try await define("hotline", .phone)
            try await define("budget", .money)
            func view(
                _ filter: String? = nil, columns: [String] = ["display_name"], by order: [String] = []
            ) -> SavedView {
                SavedView(
                    object: "account", displayName: "v \(RecordID.make())", filterExpression: filter,
                    columns: columns, orderBy: order)
            }
            let fitting = [
                view("custom.supplier.display_name = a and custom.supplier.custom.budget.minor_units > 5"),
                view("custom.supplier.custom.hotline_typed ~ 5 and custom.buyer.display_name = b"),
                view("custom.supplier.annual_revenue.minor_units > 1 and custom.hotline_typed ^= 0"),
                view(columns: ["custom.hotline", "custom.hotline_typed"]),
                view(by: ["display_name collate pinyin", "city COLLATE workspace desc", "custom.hotline_typed"]),
                view(by: ["custom.supplier.display_name collate pinyin asc", "custom.supplier.custom.budget"]),
            ]
            for view in fitting {
                let made = try await workspace.create(view)
                #expect(made.filterExpression == view.filterExpression && made.orderBy == view.orderBy)
            }
            let unfit = [
                (view("custom.supplier.colour = red"), "filter_expression FILTER_FIELD_UNKNOWN"),
                (view("custom.supplier.custom.supplier.city = a"), "filter_expression FILTER_FIELD_UNKNOWN"),
                (view("custom.supplier.parent_account.city = a"), "filter_expression FILTER_FIELD_UNKNOWN"),
                (view("custom.hotline.number = 1"), "filter_expression FILTER_FIELD_UNKNOWN"),
                (view("custom.budget_typed = 1"), "filter_expression FILTER_FIELD_UNKNOWN"),
                (view(columns: ["custom.supplier.city"]), "columns FIELD_UNKNOWN"),
                (view(by: ["display_name collate klingon"]), "order_by ORDER_INVALID"),
                (view(by: ["display_name collate"]), "order_by ORDER_INVALID"),
                (view(by: ["display_name pinyin desc"]), "order_by ORDER_INVALID"),
                (view(by: ["display_name collate pinyin desc desc"]), "order_by ORDER_INVALID"),
                (view(by: ["colour collate pinyin"]), "order_by ORDER_INVALID"),
            ]
            for (view, expected) in unfit {
                let violations = try await denial { try await workspace.create(view) }.fieldViolations
                let told = violations.map { "\($0.field.replacing("saved_view.", with: "")) \($0.reason)" }
                #expect(told == [expected], "\(view)")
            }
            let order = try await denial { try await workspace.create(view(by: ["city collate klingon"])) }
            #expect(order.fieldViolations.first?.description.contains("klingon is no order of texts") == true)
            // A model has them, too.
            let model = WorkspaceModel(views: [
                ModelView(
                    object: "account", displayName: "按拼音", filterExpression: "custom.supplier.city = a",
                    columns: ["custom.hotline_typed"], orderBy: ["display_name collate pinyin"],
                    sharedRoles: ["Sales rep"])
            ])
            let client = WorkspaceModelServiceClient(channel: workspace.channel(requestID: nil))
            let applied = try await client.applyWorkspaceModel(ApplyWorkspaceModelRequest(model: model))
            #expect(applied.changes.count == 1)
        }
    }

    @Test func viewsAreReadByThoseWithWhomTheyAreShared() async throws {
        try await inWorkspace { _, workspace in
            let north = try await workspace.makeDepartment("North")
            let below = try await workspace.makeDepartment("Below", under: north)
            let south = try await workspace.makeDepartment("South")
            let (repRole, readerRole) = (try await workspace.roleID("Sales rep"), try await workspace.roleID("Reader"))
            let owner = try await workspace.makeUser("owner", in: north, roles: [repRole])
            let lower = try await workspace.makeUser("lower", in: below, roles: [repRole])
            let southerner = try await workspace.makeUser("southerner", in: south, roles: [repRole])
            let reader = try await workspace.makeUser("reader", in: south, roles: [readerRole])
            let outsider = try await workspace.makeUser("outsider", in: south)
            let admin = workspace.adminID
            func view(_ name: String, _ change: (inout SavedView) -> Void = { _ in }) -> SavedView {
                var view = SavedView(object: "account", displayName: name)
                change(&view)
                return view
            }
            let own = try await workspace.create(view("own"), as: owner)
            let near = try await workspace.create(view("near") { $0.sharedDepartmentIDs = [north] }, as: owner)
            try await workspace.create(view("role") { $0.sharedRoleIDs = [readerRole] }, as: admin)
            try await workspace.create(view("all") { $0.sharedWithAll = true }, as: admin)
            try await workspace.create(view("admin's"), as: admin)
            #expect(try await Self.seen(workspace, as: owner) == ["own", "near", "all"])
            #expect(try await Self.seen(workspace, as: lower) == ["near", "all"])
            #expect(try await Self.seen(workspace, as: southerner) == ["all"])
            #expect(try await Self.seen(workspace, as: reader) == ["role", "all"])
            #expect(try await Self.seen(workspace, as: admin) == ["own", "near", "role", "all", "admin's"])
            // Who may read no view at all reads none that is shared with everybody.
            #expect(try await reason { try await workspace.list(SavedView.self, as: outsider) } == "PERMISSION_MISSING")
            // To read is not to change.
            for change in [SavedView(id: near.id, displayName: "x"), SavedView(id: near.id, sharedWithAll: true)] {
                #expect(try await reason { try await workspace.update(change, as: lower) } == "RECORD_OUT_OF_SCOPE")
            }
            #expect(try await reason { try await workspace.delete(near, as: lower) } == "RECORD_OUT_OF_SCOPE")
            #expect(
                try await reason { try await workspace.update(SavedView(id: own.id), as: lower) } == "RECORD_NOT_FOUND")
            // Taken back at once.
            try await workspace.update(SavedView(id: near.id), ["shared_department_ids"], as: owner)
            #expect(try await Self.seen(workspace, as: lower) == ["all"])
        }
    }

    @Test func viewsAreSharedAsFarAsRightsReach() async throws {
        try await inWorkspace { _, workspace in
            let north = try await workspace.makeDepartment("North")
            let below = try await workspace.makeDepartment("Below", under: north)
            let south = try await workspace.makeDepartment("South")
            let repRole = try await workspace.roleID("Sales rep")
            let rep = try await workspace.makeUser("rep", in: north, roles: [repRole])
            let manager = try await workspace.makeUser(
                "manager", in: north, roles: [try await workspace.roleID("Sales manager")])
            func share(_ view: SavedView, as user: UserID) async throws -> String? {
                var view = view
                (view.object, view.displayName) = ("account", "View \(UInt32.random(in: 0 ... .max))")
                return try await reason { try await workspace.create(view, as: user) }
            }
            let refused = "SHARING_NOT_ALLOWED"
            #expect(try await share(SavedView(sharedWithAll: true), as: rep) == refused)
            #expect(try await share(SavedView(sharedRoleIDs: [repRole]), as: rep) == refused)
            #expect(try await share(SavedView(sharedDepartmentIDs: [below]), as: rep) == refused)
            #expect(try await share(SavedView(sharedDepartmentIDs: [north]), as: rep) == nil)
            #expect(try await share(SavedView(sharedDepartmentIDs: [north, below]), as: manager) == nil)
            #expect(try await share(SavedView(sharedDepartmentIDs: [north, south]), as: manager) == refused)
            #expect(try await share(SavedView(sharedWithAll: true), as: manager) == refused)
            let admin = workspace.adminID
            let all = SavedView(sharedWithAll: true, sharedDepartmentIDs: [south], sharedRoleIDs: [repRole])
            #expect(try await share(all, as: admin) == nil)
            #expect(
                try await share(SavedView(sharedRoleIDs: [RecordID.make().text]), as: admin) == "REFERENCE_NOT_FOUND")
            #expect(
                try await share(SavedView(sharedDepartmentIDs: [RecordID.make().text]), as: admin)
                    == "REFERENCE_NOT_FOUND")
            // What is shared already may stay, whoever changes something else.
            let made = try await workspace.create(
                SavedView(ownerID: rep.description, object: "account", displayName: "v", sharedWithAll: true))
            try await workspace.update(SavedView(id: made.id, displayName: "w"), as: rep)
            try await workspace.update(SavedView(id: made.id), ["shared_with_all"], as: rep)
            #expect(
                try await reason { try await workspace.update(SavedView(id: made.id, sharedWithAll: true), as: rep) }
                    == refused)
        }
    }

    @Test func anOwnerBeginsWithOneViewOfEachObject() async throws {
        try await inWorkspace { _, workspace in
            let rep = try await workspace.addUser("rep", roles: ["Sales rep"])
            func make(_ name: String, _ object: String = "account") async throws -> SavedView {
                try await workspace.create(
                    SavedView(object: object, displayName: name, defaultView: true), as: rep)
            }
            func defaults() async throws -> Set<String> {
                Set(try await workspace.list(SavedView.self, "default_view = true", as: rep).compactMap(\.displayName))
            }
            let first = try await make("first")
            _ = try await make("deals", "deal")
            let second = try await make("second")
            #expect(try await defaults() == ["deals", "second"])
            try await workspace.update(SavedView(id: first.id, defaultView: true), as: rep)
            #expect(try await defaults() == ["deals", "first"])
            try await workspace.delete(first, as: rep)
            try await workspace.update(SavedView(id: second.id, defaultView: true), as: rep)
            // What comes back takes nothing over.
            #expect(try await workspace.restore(first, as: rep).defaultView != true)
            #expect(try await defaults() == ["deals", "second"])
            // Another owner begins with his own.
            let other = try await workspace.addUser("other", roles: ["Sales rep"])
            let given = try await workspace.update(SavedView(id: second.id, ownerID: other.description))
            #expect(given.defaultView != true)
            #expect(try await reason { try await make("FIRST") } == "VIEW_NAME_TAKEN")
            _ = try await workspace.create(SavedView(object: "account", displayName: "First"), as: other)
        }
    }
}
