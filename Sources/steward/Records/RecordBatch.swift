import ArgumentParser
import RPC
import Tenancy
import Wire

/// Does the same with several records, in batches of the server, and tells what became of each.
struct RecordBatch {
    /// What to do with one record.
    struct Item {
        /// What the user knows it by: its id, or the line of a file.
        let name: String
        /// Fills the request for it alone.
        let fill: (Message) throws -> Void
    }

    let client: RecordClient
    let method: RecordClient.Method
    /// As in deleted.
    let done: String
    private(set) var records: [Message] = []
    private(set) var refusedCount = 0
    private var doneCount = 0

    /// As many as an import sends at a time, so that answers have room.
    static let itemsAtOnce = 250

    init(_ client: RecordClient, _ method: RecordClient.Method, done: String) {
        (self.client, self.method, self.done) = (client, method, done)
    }

    /// Sends them; those that are refused are told at once.
    /// - Parameter requestID: of the whole; each batch has its own made of it.
    mutating func send(_ items: [Item], requestID: String? = nil) async throws {
        for start in stride(from: 0, to: items.count, by: Self.itemsAtOnce) {
            let part = Array(items[start..<min(start + Self.itemsAtOnce, items.count)])
            let id = requestID.map { items.count > Self.itemsAtOnce ? "\($0)-\(start)" : $0 }
            let answer = try await client.call(method, requestID: id) { request in
                guard let field = request.descriptor.field("requests"), case .message(let kind) = field.kind else {
                    return
                }
                request.setMessages(
                    field,
                    try part.map { item in
                        let one = Message.make(kind, in: request.arena)
                        try item.fill(one)
                        return one
                    })
            }
            records += client.records(answer)
            let results = answer.descriptor.field("results").map { answer.messages($0).map(ItemOutcome.init) } ?? []
            for result in results where part.indices.contains(result.index) {
                tell(result, of: part[result.index].name)
            }
        }
    }

    /// An item that was not sent.
    mutating func refuse(_ text: String) {
        refusedCount += 1
        Terminal.note(text)
    }

    private mutating func tell(_ result: ItemOutcome, of name: String) {
        guard !result.isDone else { return doneCount += 1 }
        refuse("\(name): \(TerminalText.oneLine(CommandWords.own.told(result.text))) [\(result.reason)]")
    }

    /// Says how many there were; throws when one of them was refused.
    func end() throws {
        Terminal.note("\(doneCount) \(done), \(refusedCount) refused")
        if refusedCount > 0 { throw ExitCode.failure }
    }
}
