/// The names that Swift and C give to what a proto file names.
enum Names {
    private static let acronyms = [
        "id": "ID", "ids": "IDs", "url": "URL", "urls": "URLs", "mac": "MAC", "macs": "MACs",
    ]

    /// Words that cannot name a member without backticks.
    private static let swiftKeywords: Set<String> = [
        "Any", "Protocol", "Self", "Type", "as", "associatedtype", "break", "case", "catch", "class",
        "continue",
        "default", "defer", "deinit", "do", "else", "enum", "extension", "fallthrough", "false",
        "fileprivate", "for",
        "func", "guard", "if", "import", "in", "init", "inout", "internal", "is", "let", "nil", "operator",
        "precedencegroup", "private", "protocol", "public", "repeat", "rethrows", "return", "self", "static",
        "struct",
        "subscript", "super", "switch", "throw", "throws", "true", "try", "typealias", "var", "where",
        "while",
    ]

    /// Words to which protoc-c adds an underscore.
    private static let cKeywords: Set<String> = [
        "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char", "class",
        "compl",
        "const", "const_cast", "continue", "default", "delete", "do", "double", "dynamic_cast", "else",
        "enum",
        "explicit", "export", "extern", "false", "float", "for", "friend", "goto", "if", "inline", "int",
        "long",
        "mutable", "namespace", "new", "not", "not_eq", "operator", "or", "or_eq", "private", "protected",
        "public",
        "register", "reinterpret_cast", "return", "short", "signed", "sizeof", "static", "static_cast",
        "struct",
        "switch", "template", "this", "throw", "true", "try", "typedef", "typeid", "typename", "union",
        "unsigned",
        "using", "virtual", "void", "volatile", "wchar_t", "while", "xor", "xor_eq",
    ]

    /// owner_id → ownerID, role_ids → roleIDs, ids → ids. Not escaped.
    static func lowerCamel(_ snake: String) -> String {
        let words = snake.lowercased().split(separator: "_").map(String.init)
        let rest = words.dropFirst().map { acronyms[$0] ?? capitalized($0) }
        return (words.first ?? "") + rest.joined()
    }

    /// account_contacts → AccountContacts.
    static func upperCamel(_ snake: String) -> String {
        snake.split(separator: "_").map { capitalized(String($0)) }.joined()
    }

    /// The name of a property or of a static member.
    static func member(_ snake: String) -> String {
        escaped(lowerCamel(snake))
    }

    /// GetAccount → getAccount.
    static func method(_ name: String) -> String {
        let upper = name.prefix { $0.isUppercase }
        // A leading acronym goes down as a whole, but for the letter that begins the next word.
        let count = upper.count > 1 && upper.count < name.count ? upper.count - 1 : upper.count
        return escaped(name.prefix(count).lowercased() + name.dropFirst(count))
    }

    static func escaped(_ name: String) -> String {
        swiftKeywords.contains(name) ? "`\(name)`" : name
    }

    static func capitalized(_ word: String) -> String {
        word.prefix(1).uppercased() + word.dropFirst()
    }

    /// StageCategory → STAGE_CATEGORY_, with which the names of the enum's values begin.
    static func enumPrefix(_ shortName: String) -> String {
        lowerSnake(shortName).uppercased() + "_"
    }

    /// CallerMAC → caller_mac, as protoc-c does it.
    static func lowerSnake(_ camel: String) -> String {
        var snake = ""
        var wasUpper = true
        for character in camel {
            if character.isUppercase && !wasUpper { snake += "_" }
            snake += character.lowercased()
            wasUpper = character.isUppercase
        }
        return snake
    }

    // MARK: C

    /// steward.rpc.v1.Frame → Steward__Rpc__V1__Frame.
    static func cStruct(_ fullName: String) -> String {
        fullName.split(separator: ".").map { part in
            part.split(separator: "_", omittingEmptySubsequences: false).map { capitalized(String($0)) }
                .joined()
        }.joined(separator: "__")
    }

    /// steward.rpc.v1.Frame → steward_rpc_v1_frame_descriptor, which deploy/generate adds to the umbrella
    /// header.
    static func cDescriptor(_ fullName: String) -> String {
        fullName.split(separator: ".").map { lowerSnake(String($0)) }.joined(separator: "_") + "_descriptor"
    }

    /// The member of the C struct, as Swift writes it after a dot.
    static func cMember(_ field: String) -> String {
        let name = field.lowercased()
        return escaped(cKeywords.contains(name) ? name + "_" : name)
    }

    /// The has_ or n_ member of the C struct.
    static func cQuantifier(_ field: ProtoField) -> String {
        let name = field.name.lowercased()
        return (field.isRepeated ? "n_" : "has_") + (cKeywords.contains(name) ? name + "_" : name)
    }
}
