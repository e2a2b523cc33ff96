import AccessControl
import Contracts
import CustomerContracts
import RPC
import Tenancy
import TestService
import Testing
import Wire

/// What readers may use of a view of accounts.
@Suite struct ViewTests {
    private static let method = ModelServiceOf(package: "steward.customer.v1").resolveView

    private func resolve(
        _ service: TestService, _ filter: String?, _ columns: [String] = [], by order: [String] = [],
        as user: UserID? = nil
    ) async throws -> ResolveViewResponse {
        let request = ResolveViewRequest(
            object: "account", filterExpression: filter, columns: columns, orderBy: order)
        return ResolveViewResponse(
            try await service.call(Self.method, as: user) { request.write(to: $0) })
    }

    /// As a client does it: what is answered is asked of a list.
    private func list(_ service: TestService, _ view: ResolveViewResponse, as user: UserID) async throws -> [String] {
        let answer = try await service.accounts(as: user).listAccounts(
            ListAccountsRequest(
                filterExpression: view.filterExpression, orderBy: view.orderBy,
                readMask: view.columns + ["display_name"]))
        return answer.records.compactMap(\.displayName)
    }

    @Test func whatAReaderMayNotSeeIsLeftOutAndSaid() async throws {
        try await TestService.run(SampleService.definition) { service in
            service.set([TenantField(object: "account", number: 1, name: "size", kind: .wholeNumber)])
            for (name, city, email) in [
                ("Anton", "Köln", "a@x.example"), ("Berta", "Köln", "b@x.example"), ("Cäsar", "Bonn", "a@x.example"),
            ] {
                try await service.create(Account(displayName: name, email: email, city: city))
            }
            // phone is masked to him, email is not there.
            let reader = People(service).reader
            let filter = "city = Köln and email ^= \"a@\""
            let whole = try await resolve(service, filter, ["city", "email", "phone"], by: ["email", "city desc"])
            #expect(whole.filterExpression == filter && whole.leftOut.isEmpty && whole.widened != true)
            #expect(whole.columns == ["city", "email", "phone"] && whole.orderBy == ["email", "city desc"])
            #expect(try await list(service, whole, as: service.admin) == ["Anton"])

            let part = try await resolve(
                service, filter, ["city", "email", "phone"], by: ["email", "city desc"], as: reader)
            #expect(part.filterExpression == "city = Köln" && part.widened == true)
            #expect(part.columns == ["city", "phone"] && part.orderBy == ["city desc"])
            let told = part.leftOut.map { "\($0.part?.rawValue ?? 0) \($0.path ?? "") \($0.reason ?? "")" }
            #expect(
                told == ["1 email FIELD_NOT_READABLE", "2 email FIELD_NOT_READABLE", "3 email FIELD_NOT_READABLE"])
            #expect(Set(try await list(service, part, as: reader)) == ["Anton", "Berta"])
            // By alternatives nothing may be told of a hidden field either.
            let either = try await resolve(service, "city = Bonn or email ^= \"b@\"", as: reader)
            #expect(either.filterExpression == nil && either.widened == true)
            #expect(try await list(service, either, as: reader).count == 3)
            let twice = try await resolve(service, nil, by: ["city", "city desc"])
            #expect(twice.orderBy == ["city"] && twice.leftOut.map(\.reason) == ["ORDER_INVALID"])
            // A masked column shows something, and orders and filters by it would tell all.
            let masked = try await resolve(service, "phone is set", ["phone"], by: ["phone"], as: reader)
            #expect(masked.columns == ["phone"] && masked.orderBy.isEmpty && masked.filterExpression == nil)
        }
    }

    /// One view for everybody who lists by it.
    @Test func meIsWhoeverAsks() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            try await service.create(Account(displayName: "north"), as: people.rep)
            try await service.create(Account(displayName: "south", city: "me"))
            let view = try await resolve(service, "owner_id = me and not owner_id in (me) or city = me")
            #expect(view.leftOut.isEmpty)
            let own = try await resolve(service, "owner_id = me")
            #expect(try await list(service, own, as: people.rep) == ["north"])
            #expect(try await list(service, own, as: service.admin) == ["south"])
            let others = try await resolve(service, "owner_id != me")
            #expect(try await list(service, others, as: service.admin) == ["north"])
            // By the tree, too; elsewhere it is a word as any other.
            let tree = Filter(
                compare: Comparison(field: "owner_id", operator: .in, values: [Value(stringValue: "me")]))
            let found = try await service.accounts(as: people.rep).listAccounts(ListAccountsRequest(filter: tree))
            #expect(found.records.map(\.displayName) == ["north"])
            #expect(try await service.list(Account.self, "city = me").map(\.displayName) == ["south"])
            let wrong = try await resolve(service, "id = me or parent_account_id = me or department_id = me")
            #expect(Set(wrong.leftOut.map(\.reason)) == ["FILTER_TYPE_MISMATCH"] && wrong.leftOut.count == 3)
        }
    }

    @Test func whatIsNotThereAnyMoreIsLeftOutToo() async throws {
        try await TestService.run(SampleService.definition) { service in
            service.set([TenantField(object: "account", number: 1, name: "size", kind: .wholeNumber)])
            let (filter, columns) = ("custom.size > 3 and city = Bonn", ["custom.size", "custom_fields", "city"])
            let before = try await resolve(service, filter, columns, by: ["custom.size"])
            #expect(before.leftOut.isEmpty && before.columns == columns && before.orderBy == ["custom.size"])
            service.set([])
            let after = try await resolve(service, filter, columns, by: ["custom.size"])
            #expect(after.filterExpression == "city = Bonn" && after.columns == ["custom_fields", "city"])
            #expect(after.leftOut.map(\.reason) == ["FILTER_FIELD_UNKNOWN", "FIELD_UNKNOWN", "ORDER_INVALID"])
            // A value that does not fit any more is as good as gone.
            service.set([TenantField(object: "account", number: 2, name: "size", kind: .date)])
            let other = try await resolve(service, filter)
            #expect(other.leftOut.map(\.reason) == ["FILTER_TYPE_MISMATCH"])
        }
    }

    @Test func whatIsNoViewIsRefused() async throws {
        try await TestService.run(SampleService.definition) { service in
            let creator = service.makeUser([("account", "create", .all)])
            let cases: [(ResolveViewRequest, UserID, String)] = [
                (ResolveViewRequest(object: "account", filterExpression: "city ="), service.admin, "FILTER_SYNTAX"),
                (ResolveViewRequest(object: "account", orderBy: ["a", "b", "c", "d"]), service.admin, "ORDER_INVALID"),
                (
                    ResolveViewRequest(object: "account", columns: Array(repeating: "city", count: 1_001)),
                    service.admin, "MASK_TOO_LONG"
                ),
                (ResolveViewRequest(object: "ghost"), service.admin, "OBJECT_UNKNOWN"),
                (ResolveViewRequest(object: "account"), service.makeUser([]), "OBJECT_UNKNOWN"),
                (ResolveViewRequest(object: "account"), creator, "PERMISSION_MISSING"),
            ]
            for (request, user, reason) in cases {
                let error = try await denial {
                    try await service.call(Self.method, as: user) { request.write(to: $0) }
                }
                #expect(error.reason == reason)
            }
        }
    }
}
