import AccessControl
import ArgumentParser
import Catalogue
import Contracts
import CustomerContracts
import IdentityContracts
import RPC
import StewardClient
import Tenancy
import Wire

/// Finds records of all kinds.
struct SearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search", abstract: "Finds records by what stands in them.",
        discussion: """
            Words or their beginnings in any order, also with mistakes in names; phone numbers, e-mail addresses, numbers and codes in any
            form; Chinese by its characters or by pinyin. What you may not fully read finds nothing.

            Examples:
              steward search 'acme gmbh'
              steward search zgyh --object account
              steward search 0170 1234567
              steward search coyote --explain
            """)

    @OptionGroup var connection: ConnectionOptions
    @Option(help: "table, json, csv or sheet.") var output: OutputFormat = .table
    @Argument(help: "What to look for.") var text: [String]
    @Option(name: .customLong("object"), help: "Only records of this kind, as in account; several times for several.")
    var objects: [String] = []
    @Option(help: "Only records of this user: id, e-mail address or name; me: your own.") var owner: String?
    @Option(help: "Only records that have all of these tags: names or ids, separated by commas.") var tag: String?
    @Option(help: "Most records to show, 1 to 100.") var limit: Int32 = 20
    @Flag(help: "Says how the order came about.") var explain = false

    func run() async throws {
        let services = try SearchServices.asked(for: objects)
        let steward = try await connection.connectSignedIn()
        let channel = steward.channel
        var ownerID: String?
        if let owner { ownerID = try await RecordClient(connection: steward, noun: User.noun).id(of: owner) }
        var tagIDs: [String] = []
        if let tag {
            let ids = try await TagNames.ids(tag, of: Account.noun, steward)
            tagIDs = ids.split(separator: ",").map(String.init)
        }
        var found = FoundRecords()
        for (service, objects) in services {
            let request = SearchRequest(
                query: text.joined(separator: " "), objects: objects, ownerID: ownerID, pageSize: limit,
                explain: explain, tagIDs: tagIDs)
            do {
                found.add(try await answer(request, service, channel), of: service)
            } catch let error as RPCError where services.count > 1 && SearchServices.isNoMatter(error) {
                found.add(error, of: service)
            }
        }
        let hits = try found.best(Int(limit))
        if output == .table {
            if hits.isEmpty { Terminal.note("nothing found") }
            for line in hits.flatMap({ FoundText.lines(of: $0) }) { Terminal.line(line) }
        } else {
            try RecordPrinter(format: output, columns: []).show(
                hits.map { $0.message() }, of: SearchHit.descriptor, preferred: [])
        }
        for note in found.notes { Terminal.note(note) }
    }

    private func answer(
        _ request: SearchRequest, _ service: ServiceName, _ channel: any RPCChannel
    ) async throws -> SearchResponse {
        try await channel.call(SearchServices.methods(of: service).search, request, CallOptions())
    }
}

/// The services in which records are found.
enum SearchServices {
    static let all: [ServiceName] = [.customer, .sales]

    static func methods(of service: ServiceName) -> SearchServiceOf {
        SearchServiceOf(package: "steward.\(service.rawValue).v1")
    }

    /// Those that have the kinds, and which; all for none.
    static func asked(for objects: [String]) throws -> [(service: ServiceName, objects: [String])] {
        guard !objects.isEmpty else { return all.map { ($0, []) } }
        var asked: [ServiceName: [String]] = [:]
        for object in objects {
            let word = object.replacing("-", with: "_")
            let known = RecordNouns.of(object: word)
            // Any other word may be an object of the workspace's own.
            let name = known == nil && TenantField.isName(word) ? TenantObject.prefix + word : word
            let service = RecordNouns.of(object: name).flatMap { noun in all.first { $0.rawValue == noun.service } }
            guard let service else {
                throw UsageProblem(
                    "\(object) is no kind of records that is found", cure: "leave --object out, or see steward --help")
            }
            asked[service, default: []].append(name)
        }
        return all.compactMap { service in asked[service].map { (service, $0) } }
    }

    /// What the others found is worth telling: the user may read nothing here, or the service is away.
    static func isNoMatter(_ error: RPCError) -> Bool {
        error.code == .unavailable || error.reason == "PERMISSION_MISSING"
    }
}

/// What the services found, together.
struct FoundRecords {
    private var hits: [SearchHit] = []
    private var refusals: [RPCError] = []
    private var answerCount = 0
    private(set) var notes: [String] = []

    mutating func add(_ answer: SearchResponse, of service: ServiceName) {
        answerCount += 1
        hits += answer.hits
        if answer.sampled == true {
            note("so much fits that only some of it was looked at: more words find more exactly")
        }
        if answer.timeUp == true { note("\(service.rawValue) had no time to look for what is only alike") }
        if answer.indexBuilding == true {
            note("\(service.rawValue) does not find all records yet: it is making its index")
        }
    }

    mutating func add(_ error: RPCError, of service: ServiceName) {
        refusals.append(error)
        if error.code == .unavailable {
            note("\(service.rawValue) could not be asked: \(CommandWords.own.told(error.message))")
        }
    }

    private mutating func note(_ text: String) {
        if !notes.contains(text) { notes.append(text) }
    }

    /// The best of all; of those that are equally good the first that were told.
    ///
    /// - Throws: what a service answered, when none found anything out.
    func best(_ count: Int) throws -> [SearchHit] {
        if answerCount == 0, let refusal = refusals.first { throw refusal }
        let sorted = hits.enumerated().sorted { one, other in
            let (score, least) = (one.element.score ?? 0, other.element.score ?? 0)
            return score == least ? one.offset < other.offset : score > least
        }
        return sorted.prefix(count).map(\.element)
    }
}
