import AccessControl
import Contracts
import RPC
import Reactor
import Tenancy
import Wire

/// Answers of writing methods as their caller may see them: hidden fields are in none, however deep a record stands in it. For a stored
/// one it is asked again: rights may have been cut since, and records may have gone to others.
struct CallersAnswer {
    let engine: RecordEngine
    let context: CallContext
    /// The type that the call is about, if it is about one: of records of objects that workspaces define nothing else tells the kind.
    var type: RecordType?

    /// The answer without what the caller may no longer read of its records.
    ///
    /// Throws PERMISSION_DENIED with ANSWER_NOT_READABLE when one of them is out of the caller's reach altogether: a part of an
    /// answer would say something else than the whole.
    func again(
        _ bytes: [UInt8], as response: MessageDescriptor, _ requireRights: (Message) throws -> Void
    ) async throws -> [UInt8] {
        var pace = Pace()
        let answer = try engine.decode(bytes, as: response, in: context)
        try requireRights(answer)
        let isFound = try await filter(
            answer, at: &pace, opening: { try await engine.open(context, $0, writes: false) }
        ) { records, call in
            try await requireReach(records, call)
        }
        return isFound ? await PacedCodec.encode(answer, at: &pace) : bytes
    }

    /// Takes what the caller may not read out of a new answer; says whether there is a record in it.
    ///
    /// - Parameter transaction: by whose policy, so that who holds rows waits for nothing.
    func filter(_ answer: Message, _ transaction: RecordTransaction) async throws -> Bool {
        var pace = Pace()
        return try await filter(answer, at: &pace, opening: transaction.call) { _, _ in }
    }

    private func filter(
        _ answer: Message, at pace: inout Pace, opening open: (RecordType) async throws -> RecordCall,
        _ check: ([Message], RecordCall) async throws -> Void
    ) async throws -> Bool {
        var records: [String: (type: RecordType, messages: [Message])] = [:]
        collect(from: answer, into: &records)
        for (type, records) in records.values {
            let call = try await open(type)
            try await check(records, call)
            for record in records {
                call.rights.filter(record)
                await pace.step()
            }
        }
        return !records.isEmpty
    }

    /// Finds the records in a message, however deep, by their kind.
    private func collect(from message: Message, into records: inout [String: (type: RecordType, messages: [Message])]) {
        for field in message.descriptor.fields where message.has(field) {
            guard case .message(let descriptor) = field.kind else { continue }
            let nested = field.isRepeated ? message.messages(field) : message.message(field).map { [$0] } ?? []
            if let type = type(of: descriptor) {
                records[type.object, default: (type, [])].messages += nested
            } else {
                for inner in nested { collect(from: inner, into: &records) }
            }
        }
    }

    private func type(of descriptor: MessageDescriptor) -> RecordType? {
        if let type, type.message.base == descriptor.base { return type }
        return engine.type(of: descriptor)
    }

    /// The caller may read the records; or create such, where the call created them, whoever may create being told what was made of it.
    /// Deleted ones count: deleting answers them.
    private func requireReach(_ records: [Message], _ call: RecordCall) async throws {
        let methods = call.type.methods
        let creates = [methods.create.path, methods.batchCreate.path, methods.upsert?.path].contains(
            context.method.path)
        let actions: [Action] = creates ? [.read, .create] : [.read]
        var missing = Set(records.compactMap { $0.id(call.type.standard.id.descriptor) })
        for action in actions where !missing.isEmpty {
            missing.subtract(try await engine.existing(Array(missing), call, action, .any))
        }
        guard let id = missing.first else { return }
        throw RecordErrors.answerNotReadable(call.type, id: id.text)
    }
}
