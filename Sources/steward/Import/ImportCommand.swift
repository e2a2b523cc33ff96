import AccessControl
import ArgumentParser
import Contracts
import Glibc
import RPC
import StewardClient
import Tenancy

struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Creates records from a CSV file.",
        discussion: """
            The first line names a field for each column, as in display_name, contact_points.email, amount, account (the
            one of that name) or account.external_id; Display Name is display_name. Columns without a name are left out.
            What separates the fields (comma, semicolon, tab, bar) and UTF-16 are found out; other encodings are named.
            Money is written 1250.00 EUR, 1,250.00 EUR or 1.250,00 EUR; 1,250 EUR is refused, it may be 1.25.

            More than 100 rows need the permission import beside create. owner is a column like others, by e-mail address.

            The file is read once before anything is created. Every row is created or refused alone; --report writes what
            happened to each. Importing a file again makes nothing twice: a row that was imported before with the same
            cells counts as existed, however the import before ended. Equal rows of one file are a record each. This
            protection is yours, on this machine: it needs the key in $STEWARD_HOME/import.key, which each user and each
            machine has for itself. Where others import the same file too, give --key with a field that tells records
            apart, as in --key external_id.
            A field that the workspace has added goes by its name, with or without custom., or by its label.
            Columns of fields that the service sets (version, create_time, formulas, roll-ups, …) are left out; a row with a delete_time is refused.
            A row may name one above it (the parent of an account), or one that was there before.
            Ctrl-C ends an import after the rows that are on their way, and so does closing the terminal; the report and
            what it says are complete then.

            Examples:
              steward import accounts accounts.csv --key external_id
              steward import contacts people.csv --report result.csv --encoding windows-1252
            """)

    @OptionGroup var connection: ConnectionOptions
    @Argument(
        help:
            "What to import, in the plural: accounts, contacts, deals, …; or the name of an object of the workspace's own."
    )
    var noun: String
    @Argument(help: "The CSV file.") var file: String
    @Option(help: "Rows whose value in this field a record or a row above has already count as existed.") var key:
        String?
    @Option(
        help: "Writes one line for each row, and for each wrong cell of one: line, result, id, column, reason, message."
    )
    var report: String?
    @Option(
        help: "How the file is encoded, as iconv calls it: windows-1252, gb18030, … Default: UTF-8, or UTF-16 if it is."
    )
    var encoding: String?
    @Option(help: "What separates the fields: one of , ; | or tab. Default: found out from the first line.")
    var delimiter: String?
    @Flag(help: "Takes away the apostrophes that --output sheet puts before texts such as =1+1.") var sheet = false
    @Flag(help: "Makes a record of every row, also of one that was imported before.") var asNew = false
    @Option(help: "Seconds to wait for a server that is away, 0 to 3600.") var patience = 120

    func validate() throws {
        guard (0...3_600).contains(patience) else { throw ValidationError("--patience is 0 to 3600 seconds") }
    }

    func run() async throws {
        let fileOptions = try fileOptions()
        let steward = try await connection.connectSignedIn()
        let noun = try await meant(steward)
        let source = try await source(of: noun, fileOptions, steward)
        let key = try key.map { try ImportKey($0, source.header, of: noun) }
        Self.tellLeftOut(source.header)
        if source.file.format != .usual { Terminal.note("\(file) is read as \(source.file.format.text)") }
        let options = ImportRun.Options(key: key, reportPath: report, identity: try identity(noun))
        let waiting = Patience(limit: .seconds(patience)) { [connection] in
            try await connection.renewSession(on: steward)
        }
        var run = try ImportRun(
            client: RecordClient(connection: steward, noun: noun), source: source, options: options, patience: waiting)
        let end = await Self.untilInterrupted(&run, steward)
        try ImportSummary(run: run, end: end, file: file, isRepeatable: !asNew).show()
    }

    /// The kind of records: one that all workspaces have, or one that this one has defined.
    private func meant(_ steward: StewardConnection) async throws -> RecordNoun {
        let known = RecordNouns.all.filter { !$0.entry.isDefinedByWorkspace }
        if let noun = known.first(where: { $0.plural == noun || $0.name == noun }) { return noun }
        let client = ModelClient(connection: steward)
        if let own = OwnNoun.named(noun), try await client.description(of: own) != nil { return own }
        let others = try await client.objects().compactMap(\.object).filter(TenantObject.isObject)
        let names = known.map(\.plural) + others
        throw UsageProblem(
            "there is nothing called \(noun) to import",
            cure: NearNames.cure(
                NearNames.of(noun, among: names), else: "use one of \(names.joined(separator: ", "))"))
    }

    /// The file. A service that is away is waited for later: only a header that it would have to explain is not understood without it.
    private func source(
        of noun: RecordNoun, _ options: ImportFile.Options, _ steward: StewardConnection
    ) async throws -> ImportSource {
        var (custom, away): (CustomFieldKinds?, RPCError?) = (nil, nil)
        do {
            custom = try await CustomFieldKinds(of: noun, steward)
        } catch let error as RPCError where Patience.isPassing(error) {
            away = error
        }
        do {
            return try ImportSource(path: file, record: noun.record, custom, options: options)
        } catch {
            throw away ?? error
        }
    }

    private static func tellLeftOut(_ header: ImportHeader) {
        guard !header.leftOut.isEmpty else { return }
        Terminal.note(ImportHeader.note(leftOut: header.leftOut.map(\.name)))
    }

    private func identity(_ noun: RecordNoun) throws -> RowIdentity? {
        guard !asNew else { return nil }
        return try RowIdentity.load(
            workspace: try Profile.load(connection.profileName)?.workspace ?? "", noun: noun.name)
    }

    private func fileOptions() throws -> ImportFile.Options {
        var options = ImportFile.Options(isSheet: sheet)
        if let encoding {
            guard let known = TextEncoding(named: encoding) else {
                throw UsageProblem("no encoding is called \(encoding)", cure: "iconv --list shows all")
            }
            options.encoding = known
        }
        if let delimiter {
            let byte = ["tab", "\\t"].contains(delimiter) ? UInt8(ascii: "\t") : delimiter.utf8.first
            guard let byte, delimiter.utf8.count == 1 || byte == UInt8(ascii: "\t"),
                ImportFile.delimiters.contains(byte)
            else { throw UsageProblem("\(delimiter) separates no fields", cure: "give , ; | or tab") }
            options.delimiter = byte
        }
        return options
    }

    /// The first signal ends the import after the rows that are on their way, the second does not wait for their answer, and
    /// the third ends the program as ever.
    private static func untilInterrupted(_ run: inout ImportRun, _ steward: StewardConnection) async -> ImportRun.End {
        Interrupt.listen(endingAt: 3)
        defer { Interrupt.ignore() }
        let watcher = Task {
            var isTold = false
            while !Task.isCancelled {
                if Interrupt.hasCome, !isTold {
                    isTold = true
                    Terminal.note("\nending after the rows that are on their way; Ctrl-C again: at once")
                }
                if Interrupt.count >= 2 { await steward.close() }
                // Ends at once when the import does.
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
        defer { watcher.cancel() }
        return await run.importAll()
    }
}
