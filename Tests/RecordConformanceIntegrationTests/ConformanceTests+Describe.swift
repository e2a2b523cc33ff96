import AccessControl
import Contracts
import RPC
import ServiceHost
import Tenancy
import TestService
import Testing
import Wire

@testable import Records

/// What clients are told of a type is what its methods do.
extension ConformanceTests {
    @Test(arguments: Subject.all) func whatIsToldOfComparisonsAndOrdersIsTrue(_ subject: Subject) async throws {
        try await subject.run { bench in
            let described = try await bench.described()
            let fields = bench.type.fields.filter { $0.role != .customFields }
            #expect(described.fields.map(\.name) == fields.map(\.name))
            #expect(described.summary?.object == bench.type.object && described.summary?.service == subject.service)
            for field in described.fields {
                let name = field.name ?? ""
                for (path, told) in [(name, field)] + field.parts.map({ ("\(name).\($0.name ?? "")", $0) }) {
                    let operators = try await bench.operators(comparing: path)
                    #expect(told.filterOperators.map(\.rawValue) == operators, "\(path)")
                    let error = try await refused { try await bench.list { $0.setList("order_by", [path]) } }
                    #expect((told.sortable == true) == (error == nil), "\(path): \(error as Any)")
                }
            }
        }
    }

    @Test(arguments: Subject.all) func whatIsToldOfValuesIsTrue(_ subject: Subject) async throws {
        try await subject.run { bench in
            let described = try await bench.described()
            var number = 1
            for field in described.fields where field.outputOnly != true {
                let stored = try #require(bench.type.field(field.name ?? ""))
                if field.required == true {
                    number += 1
                    let draft = try await bench.draft(number)
                    draft.clear(stored.descriptor)
                    let error = try await refused { try await bench.create(draft) }
                    #expect(error?.concerns(stored) == true, "\(stored.name) is required: \(error as Any)")
                }
                guard let most = field.lengthMax, field.list != true, field.kind == .text else { continue }
                number += 1
                let draft = try await bench.draft(number)
                draft.setString(stored.descriptor, String(repeating: "x", count: Int(most) + 1))
                let error = try await refused { try await bench.create(draft) }
                #expect(error?.concerns(stored) == true, "\(stored.name) is too long: \(error as Any)")
            }
        }
    }

    @Test(arguments: Subject.all) func whatAWorkspaceHasChosenForItsFieldsIsTold(_ subject: Subject) async throws {
        try await subject.run { bench in
            guard bench.type.field("custom.own_text") != nil else { return }
            let described = try await bench.described(in: "zh-CN").fields.filter {
                $0.name?.hasPrefix("custom.") == true
            }
            // What was typed for a number is no field that somebody has named.
            let named = described.filter { $0.name?.hasSuffix(TenantField.typedSuffix) == false }
            let areTold = !named.isEmpty && named.allSatisfy { $0.displayName == "自己的" }
            #expect(areTold)
            let plain = try await bench.described(in: "fr").fields.first { $0.name == "custom.own_wholenumber" }
            #expect(plain?.displayName == "Own" && plain?.defaultValue?.intValue == 7)
            #expect(described.first { $0.name == "custom.own_text" }?.pattern == ".*")
            let wrong = try await refused { try await bench.described(in: "中文") }
            #expect(wrong?.fieldViolations.map(\.field) == ["language_code"])
            // Who sends no value gets the default.
            let draft = try await bench.draft(1)
            let field = try #require(bench.type.field("custom.own_wholenumber"))
            draft.clear(field.descriptor)
            let made = try await bench.create(draft)
            #expect(made.int64(field.descriptor) == 7)
        }
    }

    @Test(arguments: Subject.all) func hiddenFieldsAreNotTold(_ subject: Subject) async throws {
        try await subject.run { bench in
            for field in bench.fields where !PermissionCatalogue.alwaysReadable.contains(field.name) {
                let without = try await bench.described(as: bench.user(hiding: field.name, .none))
                #expect(!without.fields.contains { $0.name == field.name }, "\(field.name)")
                for (level, access) in [(FieldLevel.masked, FieldAccess.masked), (.read, .read)] {
                    let described = try await bench.described(as: bench.user(hiding: field.name, level))
                    let told = try #require(described.fields.first { $0.name == field.name })
                    #expect(told.access == access, "\(field.name)")
                    #expect(
                        level == .read || told.filterOperators.isEmpty && told.sortable != true, "\(field.name)")
                }
            }
            let reader = bench.service.makeUser([(bench.type.object, "read", .all)])
            let read = try await bench.described(as: reader)
            #expect(read.fields.allSatisfy { $0.access == .read } && !read.fields.isEmpty)
            #expect(read.summary?.actions.map(\.action) == ["read"])
            // With nothing to do there is nothing to see, not even that it is there.
            let other = bench.service.makeUser([("settings", "update", .all)])
            try await expect("OBJECT_UNKNOWN") { try await bench.described(as: other) }
        }
    }
}

extension Bench {
    @discardableResult
    fileprivate func described(as user: UserID? = nil, in language: String? = nil) async throws -> ObjectDescription {
        let method = ModelServiceOf(package: "steward.\(service.definition.name).v1").describeObject
        let answer = try await service.call(method, as: user) { request in
            request.set("object", type.object)
            if let language { request.set("language_code", language) }
        }
        return try #require(DescribeObjectResponse(answer).description)
    }

    /// The operators that a list takes for a path, whatever the value.
    fileprivate func operators(comparing path: String) async throws -> [Int32] {
        var taken: [Int32] = []
        for comparator in Comparator.allCases {
            let value = comparator == .isSet ? "" : comparator == .in ? " (x)" : " x"
            let error = try await refused {
                try await list { $0.set("filter_expression", "\(path) \(comparator.symbol)\(value)") }
            }
            if ![RecordReason.filterOperatorUnsupported, .filterFieldUnknown].contains(where: {
                $0.rawValue == error?.reason
            }) {
                taken.append(comparator.rawValue)
            }
        }
        return taken
    }
}

extension RPCError {
    /// It says that something is wrong with a field of a record.
    fileprivate func concerns(_ field: RecordField) -> Bool {
        fieldViolations.contains { $0.field.hasSuffix(field.name) || $0.field.hasSuffix("custom_fields") }
    }
}
