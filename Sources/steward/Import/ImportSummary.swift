import ArgumentParser
import RPC

/// What an import has come to, and how to go on.
struct ImportSummary {
    let run: ImportRun
    let end: ImportRun.End
    let file: String
    /// Whether importing the file again makes nothing twice.
    let isRepeatable: Bool

    /// Writes it, and throws the exit code of an import that did not end well.
    func show() throws {
        for refusal in run.firstRefusals { Terminal.note(refusal.description) }
        let refused = run.count(.refused)
        if refused > ImportRun.refusalsShown {
            Terminal.note("… and \(refused - ImportRun.refusalsShown) more; --report FILE lists them all")
        }
        let code = tellEnd()
        for line in next { Terminal.note("next:  \(line)") }
        Terminal.line(counts)
        if code != 0 { throw ExitCode(code) }
    }

    private func tellEnd() -> Int32 {
        if let line = run.lineUntried { Terminal.note("stopped before line \(line) of \(file)") }
        switch end {
        case .complete: return run.count(.refused) > 0 ? 1 : 0
        case .interrupted(let signal): return 128 + signal
        case .failed(let error): return Failure.tell(error, else: "\(error)")
        }
    }

    /// Whether the same command may come further later. What the server refuses it refuses again; the error says what to do.
    static func mayPass(_ end: ImportRun.End) -> Bool {
        guard case .failed(let error as RPCError) = end else { return true }
        return ![.permissionDenied, .invalidArgument, .notFound, .failedPrecondition, .unimplemented].contains(
            error.code)
    }

    private var isWhole: Bool { if case .complete = end { true } else { false } }

    private var next: [String] {
        if isWhole {
            guard run.count(.refused) > 0 else { return [] }
            return isRepeatable
                ? ["mend the rows that were refused and import the file again: the others count as existed"]
                : ["mend the rows that were refused and import them alone"]
        }
        guard Self.mayPass(end) else { return [] }
        if isRepeatable { return ["run the same command again: rows that are in count as existed, none is made twice"] }
        guard run.count(.unknown) == 0 else {
            return ["look whether the rows that are not known are in before you import the rest of the file"]
        }
        return run.lineUntried.map { ["import the rest of the file, from line \($0) on"] } ?? []
    }

    /// As in: 2 created, 0 existed, 1 refused.
    private var counts: String {
        var parts = [RowOutcome.Result.created, .existed, .refused].map { "\(run.count($0)) \($0.rawValue)" }
        if run.count(.unknown) > 0 { parts.append("\(run.count(.unknown)) not known") }
        guard let untried = run.untriedCount else { return parts.joined(separator: ", ") + ", the rest not tried" }
        if untried > 0 { parts.append("\(untried) not tried") }
        return parts.joined(separator: ", ")
    }
}
