import ArgumentParser
import Contracts
import RPC

/// What servers say, in the words of the command that was typed: a field of a request is an option or an argument, a method a command.
/// What is known as neither stays, and so does what the person wrote, as in a filter.
struct CommandWords {
    private let arguments: [String]
    /// Of the command that was typed, as in --with-records.
    private let options: Set<String>
    /// Whoever calls methods by their names speaks of their fields.
    private let speaksAPI: Bool

    /// Those of this program's command.
    static let own = CommandWords(arguments: Array(CommandLine.arguments.dropFirst()))

    init(arguments: [String]) {
        let command = CommandNames.command(arguments, of: Steward.self)
        self.arguments = arguments
        speaksAPI = command is Call.Type
        options = Set(
            command.helpMessage().matches(of: /\n *(?:-[a-z], )?(--[a-z-]+)/).map { String($0.1) })
    }

    /// An error's message; it begins with what its only wrong field was typed as, unless it tells that by itself.
    func message(of error: RPCError) -> String {
        let text = told(error.message)
        guard !speaksAPI else { return text }
        guard error.fieldViolations.count == 1, let path = error.fieldViolations.first?.field,
            case let place = path.split(separator: ".").dropFirst().joined(separator: ".")
        else { return Self.withoutEcho(text) }
        guard let word = field(path) else {
            // One element of a list, which no option is called after.
            return path.contains("[") && !text.contains(place) ? "\(place): \(text)" : Self.withoutEcho(text)
        }
        return text.contains(word) ? Self.withoutEcho(text) : "\(word): \(text)"
    }

    /// A line about one of several wrong fields.
    func line(_ violation: FieldViolation) -> String {
        Self.withoutEcho("\(field(violation.field) ?? violation.field): \(told(violation.description))")
    }

    /// Of "city: city is too long" and "record.city: city is too long", which say the path of the field before its name, what is behind the
    /// colon; wherever that is in the text.
    private static func withoutEcho(_ text: String) -> String {
        text.replacing(/((?:[A-Za-z]\w*(?:\[\d+\])?\.)*[A-Za-z]\w*): ([A-Za-z][\w.]*)(?= )/) { match in
            let (path, name) = (match.1, match.2)
            return path == name || path.hasSuffix(".\(name)") ? name : match.0
        }
    }

    /// A text of a server's.
    func told(_ text: String) -> String {
        guard !speaksAPI else { return text }
        return text.replacing(/\b[A-Za-z][\w\[\]]*(?:[.\/][A-Za-z][\w\[\]]*)*/) { match in
            let word = String(match.0)
            return arguments.contains { $0.contains(word) } ? word : Self.command(word) ?? named(word) ?? word
        }
    }

    // MARK: Fields

    /// What a field of a request was typed as, as in effective_date or account.city; nil when that is not known.
    func field(_ path: String) -> String? {
        let parts = path.split(separator: ".").map { String($0.prefix { $0 != "[" }) }
        guard let first = parts.first else { return nil }
        let inner = parts.dropFirst().joined(separator: ".")
        if let typed = typed(inner) ?? typed(first) { return typed }
        let names = [first, first.hasSuffix("_id") ? String(first.dropLast("_id".count)) : first]
        let usual = names.map { "--" + $0.replacing("_", with: "-") }
        return (usual + Self.otherNames[first, default: []]).first(where: options.contains)
    }

    /// A word of a text that is a field and nothing else: one of a single word may be any word.
    private func named(_ word: String) -> String? { word.contains("_") || word.contains(".") ? field(word) : nil }

    /// An argument name=value that sets the field, by its own name or by what a record is called that it refers to.
    private func typed(_ field: String) -> String? {
        guard !field.isEmpty else { return nil }
        let names = Set(["", "_id", "_ids"].filter(field.hasSuffix).map { String(field.dropLast($0.count)) })
        return arguments.lazy.compactMap { FieldAssignment.parts($0)?.path }.first { name in
            names.contains(name.replacing("-", with: "_"))
                || name.hasPrefix("\(field.dropLast("_id".count)).")
                    && field.hasSuffix("_id")
        }
    }

    /// Options that are called otherwise than the fields that they set; the first that the command has is meant.
    private static let otherNames = [
        "effective_date": ["--on"], "department_id": ["--to"], "owner_id": ["--to"], "successor_id": ["--to"],
        "department_successors": ["--department-to"], "filter_expression": ["--filter"], "page_size": ["--limit"],
        "resume_token": ["--resume", "--resume-from"], "read_mask": ["--columns"], "show_deleted": ["--deleted"],
        "include_count": ["--count"], "deals_per_stage": ["--deals"], "outcome_reason": ["--reason"],
        "match_field": ["--by"], "open_only": ["--open"],
    ]

    // MARK: Methods

    private static func command(_ word: String) -> String? {
        commands[word.split(separator: "/").last.map(String.init) ?? word].map { "steward \($0)" }
    }

    private static let commands: [String: String] = {
        var commands = [
            "CancelJob": "job cancel", "RetryJob": "job retry", "UndoJob": "job undo", "RunJob": "job run",
            "GetJob": "job show", "ListJobs": "job list", "WatchJob": "job watch",
            "DeactivateUser": "user deactivate", "ActivateUser": "user activate", "TransferUser": "user transfer",
            "SetUserPassword": "user set-password", "ChangePassword": "password change", "GetSelf": "whoami",
            "GetSettings": "settings show", "UpdateSettings": "settings set", "MoveDealStage": "deal move",
            "MoveDealsToPipeline": "deal move-all", "GetBoard": "deal board", "ListStageHistory": "deal stage-history",
            "CreateTenant": "tenant create", "GetTenant": "tenant get", "ListTenants": "tenant list",
            "SuspendTenant": "tenant suspend", "ActivateTenant": "tenant activate", "DeleteTenant": "tenant delete",
            "ResetAdminSignIn": "tenant reset-admin", "ListTenantJobs": "saga list", "RetryTenantJob": "saga retry",
            "AbandonTenantJob": "saga abandon", "ListServices": "describe",
        ]
        for noun in RecordNouns.all {
            for (method, name) in standard(noun.entry.methods) { commands[method.name] = "\(noun.name) \(name)" }
        }
        return commands
    }()

    private static func standard(_ methods: RecordMethods) -> [(MethodDefinition, String)] {
        let all: [(MethodDefinition?, String)] = [
            (methods.get, "get"), (methods.list, "list"), (methods.create, "create"), (methods.update, "update"),
            (methods.batchUpdate, "update"), (methods.upsert, "upsert"), (methods.delete, "delete"),
            (methods.batchDelete, "delete"), (methods.restore, "restore"), (methods.batchRestore, "restore"),
            (methods.listChanges, "history"), (methods.undo, "undo"), (methods.export, "export"),
            (methods.watch, "watch"), (methods.updateMatching, "update-matching"),
            (methods.deleteMatching, "delete-matching"), (methods.reassignMatching, "reassign-matching"),
        ]
        return all.compactMap { method, name in method.map { ($0, name) } }
    }
}
