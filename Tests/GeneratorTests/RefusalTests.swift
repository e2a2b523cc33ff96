import Testing

/// What the generator does not support it refuses, with the cure.
@Suite struct RefusalTests {
    @Test(arguments: [
        ("message A { message B {} }", "declare them beside it"),
        ("message A { oneof x { string y = 1; } }", "use optional fields"),
        ("message A { map<string, string> x = 1; }", "declare them beside it"),
        ("message A { required string x = 1; }", "make it optional"),
        ("message A { optional string x = 1 [default = \"y\"]; }", "say in the comment what absent means"),
        ("message A { optional group B = 1 {} }", "declare them beside it"),
        (
            "import \"google/protobuf/any.proto\"; message A { optional google.protobuf.Any x = 1; }",
            "not among the files"
        ),
        ("message A { extensions 5; } extend A { optional int32 z = 5; }", "extensions are not supported"),
    ])
    func refuses(_ text: String, _ cure: String) throws {
        let outcome = try Protoc.run(text: text)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains(cure), "\(outcome.errors)")
    }

    @Test func refusesProto3() throws {
        #expect(try Protoc.run(text: "message A {}", syntax: "proto3").errors.contains("write proto2"))
    }

    @Test func refusesAnUnknownParameter() throws {
        #expect(
            try Protoc.run(text: "message A {}", parameter: "colour=red").errors.contains("prune=PACKAGE"))
    }

    @Test func prunesWhatNoServiceReaches() throws {
        let text = """
            message A { optional B b = 1; }
            message B { optional E e = 1; }
            message C {}
            enum E { E_ZERO = 0; }
            enum F { F_ZERO = 0; }
            service S { rpc X(A) returns (B); }
            """
        let all = try Protoc.run(text: text).swift
        let pruned = try Protoc.run(text: text, parameter: "prune=steward.probe.v1").swift
        for name in ["A", "B", "E"] { #expect(pruned.contains("public struct \(name): ")) }
        for name in ["C", "F"] {
            #expect(all.contains("public struct \(name): ") && !pruned.contains("public struct \(name): "))
        }
    }
}
