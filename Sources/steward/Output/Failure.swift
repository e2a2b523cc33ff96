import ArgumentParser
import Credentials
import Glibc
import RPC

/// Tells the user what went wrong and what to do next, and ends the program.
enum Failure {
    /// The server could not be reached; the same command may work later (EX_TEMPFAIL of sysexits.h).
    private static let exitTryAgain: Int32 = 75

    static func exit(_ error: any Error, command: any ParsableCommand.Type) -> Never {
        switch error {
        case let exit as ExitCode: Glibc.exit(exit.rawValue)
        case is UsageProblem, is RPCError, is CredentialsError: Glibc.exit(tell(error, else: ""))
        default: command.exit(withError: error)
        }
    }

    /// Says what went wrong and gives the exit code. Of an error of another kind it says `text`.
    static func tell(_ error: any Error, else text: String) -> Int32 {
        switch error {
        case let problem as UsageProblem:
            show(problem.text, next: problem.cure)
            return problem.exitCode
        case let error as RPCError:
            show(Self.text(error), next: cure(error))
            return error.code == .unavailable && error.reason != Reason.serverNotTrusted.name ? exitTryAgain : 1
        case let error as CredentialsError: show(error.description, next: nil)
        default: show(text, next: nil)
        }
        return 1
    }

    private static func show(_ text: String, next cure: String?) {
        Terminal.note("\(Terminal.errorIsTerminal ? Style.red("error:") : "error:") \(text)")
        if let cure { Terminal.note("next:  \(cure)") }
    }

    static func text(_ error: RPCError, _ words: CommandWords = .own) -> String {
        // Servers write one line; what looks like more is somebody's data.
        let message = TerminalText.oneLine(words.message(of: error))
        var lines = ["\(message) [\(error.code.name) \(error.domain)/\(error.reason)]"]
        if error.fieldViolations.count > 1 {
            lines += error.fieldViolations.map { "  " + TerminalText.oneLine(words.line($0)) }
        }
        if let conflict = error.conflict {
            lines.append("  changed by both: " + conflict.fields.joined(separator: ", "))
        }
        return lines.joined(separator: "\n")
    }

    /// What to do next; nil when the message says it all.
    static func cure(_ error: RPCError) -> String? {
        switch error {
        case Reason.operatorRequired: return "sign in as an operator: steward login --operator --email EMAIL"
        case Reason.tenantUserRequired: return "sign in to a workspace: steward login --workspace NAME --email EMAIL"
        case Reason.serverNotTrusted:
            return
                "give --ca FILE with the authority that signed it, and --server HOST:PORT as the certificate names it"
        case Reason.signInFailed:
            return "check workspace, address and password; an admin gives a new one: steward user set-password"
        case Reason.serverUnreachable, Reason.connectFailed, Reason.connectionLost:
            return "check that the gateway runs (deploy/up --status), then try again"
        default: break
        }
        switch error.reason {
        case "PIPELINE_HAS_DEALS": return "move them first: steward deal move-all --from PIPELINE --to PIPELINE"
        case "HANDOVER_OPEN", "TRANSFER_OPEN", "DEPARTMENT_IN_USE":
            guard let job = error.details.first(where: { $0.key == "job_id" })?.value else { return nil }
            return "look at it: steward job watch \(job); or call it off: steward job cancel \(job)"
        case "FEED_CURSOR_INVALID": return "watch without --resume"
        case "TENANT_NOT_FOUND": return "steward tenant list shows the workspaces"
        case "USER_DISABLED": return "let the user sign in again: steward user activate USER"
        default: break
        }
        if let wait = wait(error) { return wait }
        return switch error.code {
        case .unauthenticated: "sign in: steward login"
        case .unavailable: "try again\(incident(error)); operators see which program is away: steward server health"
        case .deadlineExceeded: "try again; operators see which program does not answer: steward server health"
        case .aborted: "read the record again, then repeat the change"
        case .permissionDenied where error.reason.hasPrefix("FIELD_"): "ask an admin of the workspace for it"
        case .permissionDenied: "ask an admin of the workspace for the right; steward whoami shows yours"
        default: nil
        }
    }

    /// Of a limit that passes: when. A lock against guessing says it in its message.
    private static func wait(_ error: RPCError) -> String? {
        guard error.code == .resourceExhausted, let delay = error.retryDelay else { return nil }
        if case Reason.signInLocked = error { return nil }
        let seconds = max(1, delay.components.seconds + (delay.components.attoseconds > 0 ? 1 : 0))
        return "come back in \(seconds) s"
    }

    private static func incident(_ error: RPCError) -> String {
        guard let id = error.details.first(where: { $0.key == "incident_id" })?.value else { return "" }
        return ", or give the operators the incident \(id)"
    }
}
