import Contracts
import RPC
import StewardClient
import Tenancy
import TestSteward
import Testing
import Wire

extension SystemTests {
    /// Whatever is wrong with a request, the answer says what, where and what to do.
    @Suite(.serialized) struct BadInputJourney {
        /// A call and how it is refused.
        private struct Bad {
            let what: String
            let code: StatusCode
            let reason: String
            /// Path of the field that is named; nil when no field is.
            let field: String?
            let call: @Sendable (StewardConnection) async throws -> Void

            init(
                _ what: String, _ code: StatusCode, _ reason: String, field: String? = nil,
                _ call: @escaping @Sendable (StewardConnection) async throws -> Void
            ) {
                (self.what, self.code, self.reason, self.field, self.call) = (what, code, reason, field, call)
            }
        }

        private func expect(_ bad: [Bad], by connection: StewardConnection) async throws {
            for item in bad {
                let error = try await refusal { try await item.call(connection) }
                #expect(error.code == item.code, "\(item.what): \(error)")
                let reasons = [error.reason] + error.fieldViolations.map(\.reason)
                #expect(reasons.contains(item.reason), "\(item.what): \(error) \(error.fieldViolations)")
                if let field = item.field {
                    let named = error.fieldViolations.map(\.field) + error.details.map(\.value)
                    #expect(named.contains(field), "\(item.what): \(named)")
                }
                #expect(!error.message.isEmpty && !error.domain.isEmpty, "\(item.what)")
                for violation in error.fieldViolations { #expect(!violation.description.isEmpty, "\(item.what)") }
            }
        }

        private func creating(_ account: Account) -> @Sendable (StewardConnection) async throws -> Void {
            { _ = try await $0.accounts.createAccount(CreateAccountRequest(account: account)) }
        }

        private func listing(_ request: ListAccountsRequest) -> @Sendable (StewardConnection) async throws -> Void {
            { _ = try await $0.accounts.listAccounts(request) }
        }

        @Test func aRecordThatIsWrong() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let long = String(repeating: "x", count: 201)
            try await expect(
                [
                    Bad("no record", .invalidArgument, "RECORD_MISSING", field: "account") {
                        _ = try await $0.accounts.createAccount(CreateAccountRequest())
                    },
                    Bad("no name", .invalidArgument, "REQUIRED", field: "account.display_name", creating(Account())),
                    Bad(
                        "long name", .invalidArgument, "TOO_LONG", field: "account.display_name",
                        creating(Account(displayName: long))),
                    Bad(
                        "e-mail", .invalidArgument, "INVALID_FORMAT", field: "account.email",
                        creating(Account(displayName: "A", email: "nobody at example"))),
                    Bad(
                        "phone", .invalidArgument, "INVALID_FORMAT", field: "account.phone",
                        creating(Account(displayName: "A", phone: "ring me"))),
                    Bad(
                        "country", .invalidArgument, "INVALID_FORMAT", field: "account.country_code",
                        creating(Account(displayName: "A", countryCode: "Germany"))),
                    Bad(
                        "currency", .invalidArgument, "INVALID_FORMAT", field: "account.annual_revenue.currency_code",
                        creating(
                            Account(displayName: "A", annualRevenue: Money(currencyCode: "euro", minorUnits: 1)))),
                    Bad(
                        "negative money", .invalidArgument, "OUT_OF_RANGE", field: "account.annual_revenue.minor_units",
                        creating(Account(displayName: "A", annualRevenue: Money(currencyCode: "EUR", minorUnits: -1)))),
                    Bad(
                        "id", .invalidArgument, "INVALID_ID", field: "account.id",
                        creating(Account(id: "seven", displayName: "A"))),
                    Bad(
                        "parent that is not there", .invalidArgument, "REFERENCE_NOT_FOUND",
                        field: "account.parent_account_id",
                        creating(Account(displayName: "A", parentAccountID: RecordID.make().text))),
                    Bad("id to get", .invalidArgument, "INVALID_ID", field: "id") {
                        _ = try await $0.accounts.getAccount(GetAccountRequest(id: "seven"))
                    },
                    Bad("nothing there", .notFound, "RECORD_NOT_FOUND") {
                        _ = try await $0.accounts.getAccount(GetAccountRequest(id: RecordID.make().text))
                    },
                    Bad("date", .invalidArgument, "INVALID_DATE", field: "deal.close_date") {
                        _ = try await $0.deals.createDeal(
                            CreateDealRequest(deal: Deal(displayName: "A", closeDate: "2027-02-30")))
                    },
                    Bad("contact point", .invalidArgument, "INVALID_FORMAT", field: "contact.contact_points[0].value") {
                        let points = [ContactPoint(kind: .email, value: "nobody")]
                        _ = try await $0.contacts.createContact(
                            CreateContactRequest(contact: Contact(givenName: "A", contactPoints: points)))
                    },
                    Bad("batch of none", .invalidArgument, "BATCH_SIZE_INVALID", field: "accounts") {
                        _ = try await $0.accounts.batchCreateAccounts(BatchCreateAccountsRequest())
                    },
                    Bad("grant on nothing known", .invalidArgument, "GRANT_INVALID", field: "role.grants[0]") {
                        let grant = Contracts.Grant(object: "spaceship", action: "read", scope: .all)
                        _ = try await $0.roles.createRole(
                            CreateRoleRequest(role: Role(displayName: "Pilot", grants: [grant])))
                    },
                ], by: workspace.admin)
            #expect(try await workspace.admin.accounts.listAccounts(ListAccountsRequest()).accounts.isEmpty)
            await workspace.close()
        }

        @Test func aListThatIsWrong() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            for index in 0..<3 {
                _ = try await workspace.admin.accounts.createAccount(
                    CreateAccountRequest(account: Account(displayName: "Row \(index)")))
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
            func bad(_ what: String, _ reason: String, _ field: String?, _ request: ListAccountsRequest) -> Bad {
                Bad(what, .invalidArgument, reason, field: field, listing(request))
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
                        ListAccountsRequest(filterExpression: "owner_id = \"me\"")),
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
                    CreateAccountRequest(account: Account(displayName: "Acme", externalID: "X-1", city: "Berlin"))
                ).account)
            let id = account.id
            let deal = try await admin.deals.createDeal(CreateDealRequest(deal: Deal(displayName: "Desk"))).deal
            func updating(_ account: Account, _ mask: String...) -> @Sendable (StewardConnection) async throws -> Void {
                { _ = try await $0.accounts.updateAccount(UpdateAccountRequest(account: account, updateMask: mask)) }
            }
            try await expect(
                [
                    Bad(
                        "unknown field", .invalidArgument, "FIELD_UNKNOWN", field: "update_mask[0]",
                        updating(Account(id: id), "colour")),
                    Bad(
                        "a field of the service's", .invalidArgument, "FIELD_OUTPUT_ONLY", field: "update_mask[0]",
                        updating(Account(id: id), "create_time")),
                    Bad(
                        "required field cleared", .invalidArgument, "REQUIRED", field: "account.display_name",
                        updating(Account(id: id), "display_name")),
                    Bad(
                        "a version that never was", .invalidArgument, "VERSION_UNKNOWN", field: "account.version",
                        updating(Account(id: id, version: 99, city: "Rome"), "city")),
                    Bad("the stage by update", .invalidArgument, "FIELD_IMMUTABLE", field: "deal.stage_id") {
                        _ = try await $0.deals.updateDeal(
                            UpdateDealRequest(
                                deal: Deal(id: deal?.id, stageID: RecordID.make().text), updateMask: ["stage_id"]))
                    },
                    Bad(
                        "taken", .alreadyExists, "EXTERNAL_ID_TAKEN", field: "account.external_id",
                        creating(Account(displayName: "Other", externalID: "X-1"))),
                    Bad("restored alive", .failedPrecondition, "RECORD_NOT_DELETED") {
                        _ = try await $0.accounts.restoreAccount(RestoreAccountRequest(id: id))
                    },
                ], by: admin)
            #expect(try await admin.accounts.getAccount(GetAccountRequest(id: id)).account == account)
            await workspace.close()
        }

        @Test func twoPeopleAtTheSameRecord() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let admin = workspace.admin
            let account = try #require(
                try await admin.accounts.createAccount(
                    CreateAccountRequest(account: Account(displayName: "Acme", city: "Berlin"))
                ).account)
            func edit(_ change: Account, _ mask: [String]) async throws -> Account? {
                try await admin.accounts.updateAccount(UpdateAccountRequest(account: change, updateMask: mask)).account
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
            let stored = try await admin.accounts.getAccount(GetAccountRequest(id: account.id)).account
            #expect(stored?.city == "Rome" && stored?.postalCode == nil)
            await workspace.close()
        }

        @Test func aRightThatIsMissing() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let account = try await workspace.admin.accounts.createAccount(
                CreateAccountRequest(account: Account(displayName: "Acme"))
            ).account
            let (_, reader) = try await workspace.connect(as: "reader@\(workspace.name).example", roles: ["Reader"])
            try await expect(
                [
                    Bad(
                        "create", .permissionDenied, "PERMISSION_MISSING", field: "account.create",
                        creating(Account(displayName: "Mine"))),
                    // Rights come first: what is wrong with the request is not looked at.
                    Bad("create nothing", .permissionDenied, "PERMISSION_MISSING", field: "account.create", creating(Account())),
                    Bad("delete", .permissionDenied, "PERMISSION_MISSING", field: "account.delete") {
                        _ = try await $0.accounts.deleteAccount(DeleteAccountRequest(id: account?.id))
                    },
                    Bad("make users", .permissionDenied, "PERMISSION_MISSING", field: "user.create") {
                        _ = try await $0.users.createUser(CreateUserRequest(user: User(email: "x@y.example")))
                    },
                ], by: reader)
            await reader.close()
            await workspace.close()
        }

        @Test func aRequestThatIsNoMessage() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let create = AccountServiceMethods.createAccount
            let list = AccountServiceMethods.listAccounts
            func sending(
                _ method: MethodDefinition, _ bytes: [UInt8]
            ) -> @Sendable (StewardConnection) async throws -> Void {
                { _ = try await $0.channel.unary(method, bytes, CallOptions()) }
            }
            func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
                [number << 3 | 2] + Self.varint(bytes.count) + bytes
            }
            // not { not { … } }, ten thousand deep.
            let bomb = (0..<10_000).reduce([UInt8]()) { inner, _ in field(3, inner) }
            // A contact with a million and a half empty contact points.
            let flood = field(1, [UInt8]((0..<1_500_000).flatMap { _ in [15 << 3 | 2, 0] as [UInt8] }))
            let unknown = MethodDefinition(
                path: "steward.customer.v1.AccountService/ExplodeAccount", request: create.request,
                response: create.response, kind: .unary)
            let nowhere = MethodDefinition(
                path: "steward.weather.v1.WeatherService/GetWeather", request: create.request,
                response: create.response, kind: .unary)
            let name = { (bytes: [UInt8]) in field(1, [10 << 3 | 2, UInt8(bytes.count)] + bytes) }
            try await expect(
                [
                    Bad("not protobuf", .invalidArgument, "REQUEST_MALFORMED", sending(create, [0xff, 0xff, 0xff])),
                    Bad("cut off", .invalidArgument, "REQUEST_MALFORMED", sending(create, [0x0a, 0x05, 0x52])),
                    Bad(
                        "bad UTF-8", .invalidArgument, "REQUEST_MALFORMED", field: "account.display_name",
                        sending(create, name([0x41, 0xff, 0xfe]))),
                    Bad(
                        "a NUL in a text", .invalidArgument, "REQUEST_MALFORMED", field: "account.display_name",
                        sending(create, name([0x41, 0x00, 0x42]))),
                    Bad("nested bomb", .invalidArgument, "REQUEST_MALFORMED", sending(list, field(1, bomb))),
                    Bad(
                        "flood of submessages", .invalidArgument, "REQUEST_MALFORMED",
                        sending(ContactServiceMethods.createContact, flood)),
                    Bad(
                        "too long", .resourceExhausted, "MESSAGE_TOO_LONG",
                        sending(create, [UInt8](repeating: 0, count: 5 << 20))),
                    Bad("unknown method", .unimplemented, "METHOD_UNKNOWN", sending(unknown, [])),
                    Bad("unknown service", .unimplemented, "SERVICE_UNKNOWN", sending(nowhere, [])),
                    Bad("metadata of the programs", .invalidArgument, "METADATA_KEY_INVALID") {
                        var options = CallOptions()
                        options.metadata.append("steward-client-address", "10.0.0.1")
                        _ = try await $0.accounts.listAccounts(ListAccountsRequest(), options: options)
                    },
                    Bad("long request id", .invalidArgument, "REQUEST_ID_INVALID") {
                        let options = CallOptions(requestID: String(repeating: "r", count: 65))
                        _ = try await $0.accounts.listAccounts(ListAccountsRequest(), options: options)
                    },
                ], by: workspace.admin)
            // The connection and the services are none the worse for it.
            _ = try await workspace.admin.accounts.createAccount(CreateAccountRequest(account: Account(displayName: "A")))
            await workspace.close()
        }

        private static func varint(_ value: Int) -> [UInt8] {
            var rest = value
            var bytes: [UInt8] = []
            while rest > 0x7f {
                bytes.append(UInt8(rest & 0x7f | 0x80))
                rest >>= 7
            }
            return bytes + [UInt8(rest)]
        }

        @Test(arguments: [
            ("no hello", [0, 0, 0, 2, 0x08, 1] as [UInt8], StatusCode.invalidArgument, "HELLO_MISSING"),
            ("an empty frame", RawClient.hello + [0, 0, 0, 0], .invalidArgument, "FRAME_MALFORMED"),
            ("a frame of noise", RawClient.hello + [0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff], .invalidArgument, "FRAME_MALFORMED"),
            ("a frame without end", RawClient.hello + [0x7f, 0xff, 0xff, 0xff], .resourceExhausted, "FRAME_TOO_LONG"),
            ("a frame of 16 MiB", RawClient.hello + [0x01, 0, 0, 0], .resourceExhausted, "FRAME_TOO_LONG"),
            ("a second hello", RawClient.hello + RawClient.hello, .invalidArgument, "HELLO_REPEATED"),
            (
                "a call id twice",
                RawClient.hello + RawClient.call(2, "x.Y/Z") + RawClient.call(2, "x.Y/Z"), .invalidArgument,
                "CALL_ID_REUSED"
            ),
        ])
        func aMistakeInTheProtocolCostsItsSenderTheConnection(
            what: String, bytes: [UInt8], code: StatusCode, reason: String
        ) async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let raw = try await RawClient.connect(steward)
            // Somebody else, who is in the middle of work all the while.
            let bystander = workspace.admin
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<10 {
                    group.addTask {
                        _ = try await bystander.accounts.createAccount(
                            CreateAccountRequest(account: Account(displayName: "Row \(index)")))
                    }
                }
                raw.send(bytes)
                let error = await raw.leaveTaking()
                #expect(error?.code == code, "\(what)")
                #expect(error?.reason == reason, "\(what)")
                try await group.waitForAll()
            }
            #expect(try await bystander.accounts.listAccounts(ListAccountsRequest()).accounts.count == 10)
            await raw.close()
            await workspace.close()
        }

        @Test func aRawClientGetsOnWithItsCallsAfterAMistakeOfOneCall() async throws {
            let raw = try await RawClient.connect(try await TestSteward.shared())
            raw.send(RawClient.hello + RawClient.call(1, "steward.rpc.v1.HealthService/CheckHealth", payload: [0xff]))
            #expect(await raw.status(of: 1)?.reason == "REQUEST_MALFORMED")
            raw.send(RawClient.call(2, "steward.rpc.v1.HealthService/CheckHealth"))
            #expect(await raw.status(of: 2)?.code == .ok)
            raw.send(RawClient.call(3, "steward.sales.v1.DealService/ListDeals"))
            #expect(await raw.status(of: 3)?.reason == "SESSION_REQUIRED")
            await raw.close()
        }
    }
}
