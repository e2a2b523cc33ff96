import Contracts
import CustomerContracts
import IdentityContracts
import RPC
import SalesContracts
import StewardClient
import Tenancy
import TestSteward
import Testing
import Wire

extension SystemTests {
    /// Whatever is wrong with a request, the answer says what, where and what to do.
    @Suite(.serialized) struct BadInputJourney {
        private func creating(_ account: Account) -> @Sendable (StewardConnection) async throws -> Void {
            { _ = try await $0.accounts.createAccount(CreateAccountRequest(record: account)) }
        }

        private func listing(_ request: ListAccountsRequest) -> @Sendable (StewardConnection) async throws -> Void {
            { _ = try await $0.accounts.listAccounts(request) }
        }

        @Test func aRecordThatIsWrong() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let long = String(repeating: "x", count: 201)
            try await expect(
                [
                    RefusedCall("no record", .invalidArgument, "RECORD_MISSING", field: "account") {
                        _ = try await $0.accounts.createAccount(CreateAccountRequest())
                    },
                    RefusedCall(
                        "no name", .invalidArgument, "REQUIRED", field: "account.display_name", creating(Account())),
                    RefusedCall(
                        "long name", .invalidArgument, "TOO_LONG", field: "account.display_name",
                        creating(Account(displayName: long))),
                    RefusedCall(
                        "e-mail", .invalidArgument, "INVALID_FORMAT", field: "account.email",
                        creating(Account(displayName: "A", email: "nobody at example"))),
                    RefusedCall(
                        "phone", .invalidArgument, "INVALID_FORMAT", field: "account.phone",
                        creating(Account(displayName: "A", phone: "ring me"))),
                    RefusedCall(
                        "country", .invalidArgument, "INVALID_FORMAT", field: "account.country_code",
                        creating(Account(displayName: "A", countryCode: "Atlantis"))),
                    RefusedCall(
                        "currency", .invalidArgument, "INVALID_FORMAT", field: "account.annual_revenue.currency_code",
                        creating(
                            Account(displayName: "A", annualRevenue: Money(currencyCode: "euro", minorUnits: 1)))),
                    RefusedCall(
                        "negative money", .invalidArgument, "OUT_OF_RANGE", field: "account.annual_revenue.minor_units",
                        creating(Account(displayName: "A", annualRevenue: Money(currencyCode: "EUR", minorUnits: -1)))),
                    RefusedCall(
                        "id", .invalidArgument, "INVALID_ID", field: "account.id",
                        creating(Account(id: "seven", displayName: "A"))),
                    RefusedCall(
                        "parent that is not there", .invalidArgument, "REFERENCE_NOT_FOUND",
                        field: "account.parent_account_id",
                        creating(Account(displayName: "A", parentAccountID: RecordID.make().text))),
                    RefusedCall("id to get", .invalidArgument, "INVALID_ID", field: "id") {
                        _ = try await $0.accounts.getAccount(GetAccountRequest(id: "seven"))
                    },
                    RefusedCall("nothing there", .notFound, "RECORD_NOT_FOUND") {
                        _ = try await $0.accounts.getAccount(GetAccountRequest(id: RecordID.make().text))
                    },
                    RefusedCall("date", .invalidArgument, "INVALID_DATE", field: "deal.close_date") {
                        _ = try await $0.deals.createDeal(
                            CreateDealRequest(record: Deal(displayName: "A", closeDate: "2027-02-30")))
                    },
                    RefusedCall(
                        "contact point", .invalidArgument, "INVALID_FORMAT", field: "contact.contact_points[0].value"
                    ) {
                        let points = [ContactPoint(kind: .email, value: "nobody")]
                        _ = try await $0.contacts.createContact(
                            CreateContactRequest(record: Contact(givenName: "A", contactPoints: points)))
                    },
                    RefusedCall("batch of none", .invalidArgument, "BATCH_SIZE_INVALID", field: "accounts") {
                        _ = try await $0.accounts.batchCreateAccounts(BatchCreateAccountsRequest())
                    },
                    RefusedCall("grant on nothing known", .invalidArgument, "GRANT_INVALID", field: "role.grants[0]") {
                        let grant = Contracts.Grant(object: "spaceship", action: "read", scope: .all)
                        _ = try await $0.roles.createRole(
                            CreateRoleRequest(record: Role(displayName: "Pilot", grants: [grant])))
                    },
                ], by: workspace.admin)
            #expect(try await workspace.admin.accounts.listAccounts(ListAccountsRequest()).records.isEmpty)
            await workspace.close()
        }

        /// Through service and gateway comes what is said of those that are not listed.
        @Test func moreIsWrongThanIsListed() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let long = String(repeating: "x", count: 300)
            let grants = Array(repeating: Contracts.Grant(object: long, action: long), count: 60)
            let error = try await refusal {
                _ = try await workspace.admin.roles.createRole(
                    CreateRoleRequest(record: Role(displayName: "Pilot", grants: grants)))
            }
            #expect(error.fieldViolations.count == 101)
            #expect(error.fieldViolations.first?.field == "role.grants[0].object")
            #expect(
                error.fieldViolations.last
                    == FieldViolation(
                        field: "role.grants[50].object", reason: "MORE_VIOLATIONS",
                        description: "20 more fields are wrong."))
            await workspace.close()
        }

        @Test func aListThatIsWrong() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            for index in 0..<3 {
                _ = try await workspace.admin.accounts.createAccount(
                    CreateAccountRequest(record: Account(displayName: "Row \(index)")))
            }
            let page = try await workspace.admin.accounts.listAccounts(ListAccountsRequest(pageSize: 1))
            let token = try #require(page.nextPageToken)
            func comparing(_ field: String, _ value: Value) -> ListAccountsRequest {
                ListAccountsRequest(
                    filter: Filter(compare: Comparison(field: field, operator: .equal, values: [value])))
            }
            let deep = (0..<12).reduce(
                Filter(compare: Comparison(field: "city", operator: .isSet))
            ) { inner, _ in Filter(all: FilterGroup(filters: [inner])) }
            func bad(_ what: String, _ reason: String, _ field: String?, _ request: ListAccountsRequest) -> RefusedCall
            {
                RefusedCall(what, .invalidArgument, reason, field: field, listing(request))
            }
            try await expect(
                [
                    bad(
                        "unknown field", "FILTER_FIELD_UNKNOWN", "favourite_colour",
                        ListAccountsRequest(filterExpression: "favourite_colour = \"red\"")),
                    bad(
                        "unknown field in a tree", "FILTER_FIELD_UNKNOWN", "favourite_colour",
                        comparing("favourite_colour", Value(stringValue: "red"))),
                    bad(
                        "text for a number", "FILTER_TYPE_MISMATCH", "annual_revenue.minor_units",
                        ListAccountsRequest(filterExpression: "annual_revenue.minor_units > \"much\"")),
                    bad(
                        "number for a text", "FILTER_TYPE_MISMATCH", "display_name",
                        comparing("display_name", Value(intValue: 7))),
                    bad(
                        "text for a time", "FILTER_TYPE_MISMATCH", "create_time",
                        ListAccountsRequest(filterExpression: "create_time > \"yesterday\"")),
                    bad(
                        "text for an id", "FILTER_TYPE_MISMATCH", "owner_id",
                        ListAccountsRequest(filterExpression: "owner_id = \"somebody\"")),
                    bad(
                        "syntax", "FILTER_SYNTAX", "filter_expression",
                        ListAccountsRequest(filterExpression: "city = ")),
                    bad("depth", "FILTER_TOO_DEEP", nil, ListAccountsRequest(filter: deep)),
                    bad("empty tree", "FILTER_MALFORMED", nil, ListAccountsRequest(filter: Filter())),
                    bad("sort key", "ORDER_INVALID", "order_by[0]", ListAccountsRequest(orderBy: ["favourite_colour"])),
                    bad("page of none", "PAGE_SIZE_INVALID", "page_size", ListAccountsRequest(pageSize: 0)),
                    bad("page too large", "PAGE_SIZE_INVALID", "page_size", ListAccountsRequest(pageSize: 1001)),
                    bad("token", "PAGE_TOKEN_INVALID", "page_token", ListAccountsRequest(pageToken: "next please")),
                    bad(
                        "token of another list", "PAGE_TOKEN_INVALID", "page_token",
                        ListAccountsRequest(orderBy: ["display_name"], pageSize: 1, pageToken: token)),
                    bad("read mask", "FIELD_UNKNOWN", "read_mask[0]", ListAccountsRequest(readMask: ["colour"])),
                ], by: workspace.admin)
            await workspace.close()
        }

        @Test func aChangeThatDoesNotFit() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let admin = workspace.admin
            let account = try #require(
                try await admin.accounts.createAccount(
                    CreateAccountRequest(record: Account(displayName: "Acme", externalID: "X-1", city: "Berlin"))
                ).record)
            let id = account.id
            let deal = try await admin.deals.createDeal(CreateDealRequest(record: Deal(displayName: "Desk"))).record
            func updating(_ account: Account, _ mask: String...) -> @Sendable (StewardConnection) async throws -> Void {
                { _ = try await $0.accounts.updateAccount(UpdateAccountRequest(record: account, updateMask: mask)) }
            }
            try await expect(
                [
                    RefusedCall(
                        "unknown field", .invalidArgument, "FIELD_UNKNOWN", field: "update_mask[0]",
                        updating(Account(id: id), "colour")),
                    RefusedCall(
                        "a field of the service's", .invalidArgument, "FIELD_OUTPUT_ONLY", field: "update_mask[0]",
                        updating(Account(id: id), "create_time")),
                    RefusedCall(
                        "required field cleared", .invalidArgument, "REQUIRED", field: "account.display_name",
                        updating(Account(id: id), "display_name")),
                    RefusedCall(
                        "a version that never was", .invalidArgument, "VERSION_UNKNOWN", field: "account.version",
                        updating(Account(id: id, version: 99, city: "Rome"), "city")),
                    RefusedCall("the stage by update", .invalidArgument, "FIELD_IMMUTABLE", field: "deal.stage_id") {
                        _ = try await $0.deals.updateDeal(
                            UpdateDealRequest(
                                record: Deal(id: deal?.id, stageID: RecordID.make().text), updateMask: ["stage_id"]))
                    },
                    RefusedCall(
                        "taken", .alreadyExists, "EXTERNAL_ID_TAKEN", field: "account.external_id",
                        creating(Account(displayName: "Other", externalID: "X-1"))),
                    RefusedCall("restored alive", .failedPrecondition, "RECORD_NOT_DELETED") {
                        _ = try await $0.accounts.restoreAccount(RestoreAccountRequest(id: id))
                    },
                ], by: admin)
            #expect(try await admin.accounts.getAccount(GetAccountRequest(id: id)).record == account)
            await workspace.close()
        }

        @Test func twoPeopleAtTheSameRecord() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let admin = workspace.admin
            let account = try #require(
                try await admin.accounts.createAccount(
                    CreateAccountRequest(record: Account(displayName: "Acme", city: "Berlin"))
                ).record)
            func edit(_ change: Account, _ mask: [String]) async throws -> Account? {
                try await admin.accounts.updateAccount(UpdateAccountRequest(record: change, updateMask: mask)).record
            }
            _ = try await edit(Account(id: account.id, version: 1, city: "Rome"), ["city"])
            // Edits of other fields live together, also when they began at the same version.
            let merged = try await edit(Account(id: account.id, version: 1, street: "Via Appia 1"), ["street"])
            #expect(merged?.city == "Rome" && merged?.street == "Via Appia 1" && merged?.version == 3)
            let error = try await refusal {
                try await edit(
                    Account(id: account.id, version: 1, city: "Paris", postalCode: "75001"), ["city", "postal_code"])
            }
            #expect(error.code == .aborted)
            #expect(error.reason == "VERSION_CONFLICT")
            let conflict = try #require(error.conflict)
            #expect(conflict.type == "steward.customer.v1.Account")
            #expect(conflict.fields == ["city"])
            #expect(try Account(decoding: conflict.base) == Account(id: account.id, version: 1, city: "Berlin"))
            #expect(try Account(decoding: conflict.mine) == Account(id: account.id, version: 1, city: "Paris"))
            #expect(try Account(decoding: conflict.theirs) == Account(id: account.id, version: 3, city: "Rome"))
            let stored = try await admin.accounts.getAccount(GetAccountRequest(id: account.id)).record
            #expect(stored?.city == "Rome" && stored?.postalCode == nil)
            await workspace.close()
        }

        @Test func aRightThatIsMissing() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let account = try await workspace.admin.accounts.createAccount(
                CreateAccountRequest(record: Account(displayName: "Acme"))
            ).record
            let (_, reader) = try await workspace.connect(as: "reader@\(workspace.name).example", roles: ["Reader"])
            try await expect(
                [
                    RefusedCall(
                        "create", .permissionDenied, "PERMISSION_MISSING", field: "account.create",
                        creating(Account(displayName: "Mine"))),
                    // Rights come first: what is wrong with the request is not looked at.
                    RefusedCall(
                        "create nothing", .permissionDenied, "PERMISSION_MISSING", field: "account.create",
                        creating(Account())),
                    RefusedCall("delete", .permissionDenied, "PERMISSION_MISSING", field: "account.delete") {
                        _ = try await $0.accounts.deleteAccount(DeleteAccountRequest(id: account?.id))
                    },
                    RefusedCall("make users", .permissionDenied, "PERMISSION_MISSING", field: "user.create") {
                        _ = try await $0.users.createUser(CreateUserRequest(record: User(email: "x@y.example")))
                    },
                ], by: reader)
            await reader.close()
            await workspace.close()
        }
    }
}
