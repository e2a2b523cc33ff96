import Testing

@testable import protoc_gen_steward

/// What the option steward.catalogue.v1.record announces.
@Suite struct RecordTests {
    private static let standard = [
        "GetActivity", "BatchGetActivities", "ListActivities", "CreateActivity", "BatchCreateActivities",
        "UpdateActivity", "BatchUpdateActivities", "DeleteActivity", "BatchDeleteActivities", "RestoreActivity",
        "BatchRestoreActivities", "ListActivityChanges", "UndoActivityChange", "UpdateMatchingActivities",
        "DeleteMatchingActivities", "ReassignMatchingActivities", "ExportActivities", "WatchActivities",
    ]

    private func catalogue(
        record: Bool = true, key: String? = nil, _ methods: [String], answer: String = "Response",
        streaming: Set<String> = ["WatchActivities", "ExportActivities"]
    ) throws -> Catalogue {
        let option = ProtoRecord(
            object: "activity", plural: "activities", ownership: "owned", category: "sales", key: key)
        let code = ProtoField(name: "code", kind: .string, isRepeated: false, comment: [])
        let file = ProtoFile(
            path: "p.proto", package: "p", dependencies: [],
            messages: [
                ProtoMessage(fullName: "p.Activity", comment: [], fields: [code], record: record ? option : nil)
            ],
            enums: [],
            services: [
                ProtoService(
                    fullName: "p.ActivityService", comment: [],
                    methods: methods.map {
                        ProtoMethod(
                            name: $0, comment: [], request: "p.\($0)Request", response: "p.\($0)\(answer)",
                            clientStreams: false, serverStreams: streaming.contains($0))
                    })
            ], isWanted: true, descriptor: [])
        return try Catalogue(files: [file], prunedPackage: nil)
    }

    private func customMethods(_ catalogue: Catalogue) -> [String] {
        catalogue.files.flatMap(\.services).flatMap { catalogue.customMethods(of: $0) }.map(\.name)
    }

    @Test func methodsAreStandardByTheirWholeName() throws {
        let own = ["CompleteActivity", "ListActivitiesByAccount", "GetActivityHistory", "BatchCreateActivitiesAgain"]
        #expect(customMethods(try catalogue(Self.standard + own)) == own)
    }

    @Test func aMessageThatIsNoRecordHasNoStandardMethods() throws {
        #expect(customMethods(try catalogue(record: false, Self.standard)) == Self.standard)
    }

    @Test(arguments: standard) func aRecordHasAllOfThem(_ missing: String) {
        let error = #expect(throws: GeneratorError.self) {
            try catalogue(Self.standard.filter { $0 != missing })
        }
        let kind = ["WatchActivities", "ExportActivities"].contains(missing) ? "server-streaming" : "unary"
        #expect(error?.description.contains("has no \(kind) method \(missing)") == true)
    }

    @Test func watchStreamsAndNothingElseDoes() {
        for streaming in [["GetActivity"], ["WatchActivities"], []] as [Set<String>] {
            let error = #expect(throws: GeneratorError.self) { try catalogue(Self.standard, streaming: streaming) }
            #expect(error != nil)
        }
    }

    /// Without a key a method of that name is the service's own.
    @Test func onlyARecordWithAKeyHasUpsert() throws {
        #expect(customMethods(try catalogue(Self.standard + ["UpsertActivity"])) == ["UpsertActivity"])
        #expect(customMethods(try catalogue(key: "code", Self.standard + ["UpsertActivity"])) == [])
        let error = #expect(throws: GeneratorError.self) { try catalogue(key: "code", Self.standard) }
        #expect(error?.description.contains("has no unary method UpsertActivity") == true)
    }

    /// Their Swift types are written once for all records.
    @Test func standardMethodsHaveMessagesOfTheirNames() {
        let error = #expect(throws: GeneratorError.self) { try catalogue(Self.standard, answer: "Answer") }
        #expect(error?.description.contains("write GetActivityRequest and GetActivityResponse") == true)
    }

    @Test(arguments: [
        ("object: \"thing\" plural: \"as\" ownership: OWNERSHIP_OWNED category: CATEGORY_SALES", "call it a"),
        ("object: \"a\" ownership: OWNERSHIP_OWNED category: CATEGORY_SALES", "without a plural"),
        ("object: \"a\" plural: \"as\" category: CATEGORY_SALES", "without an ownership"),
        ("object: \"a\" plural: \"as\" ownership: OWNERSHIP_OWNED", "without a category"),
        (
            "object: \"a\" plural: \"as\" ownership: OWNERSHIP_OWNED category: CATEGORY_SALES",
            "AService has no unary method GetA"
        ),
        (
            "object: \"a\" plural: \"as\" ownership: OWNERSHIP_OWNED category: CATEGORY_SALES key: \"code\"",
            "has no field code"
        ),
    ])
    func refuses(_ option: String, _ cure: String) throws {
        let outcome = try Protoc.run(
            text: """
                import "steward/catalogue/v1/record.proto";
                message A { option (steward.catalogue.v1.record) = { \(option) }; }
                """)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains(cure), "\(outcome.errors)")
    }
}
