import Contracts
import Credentials
import RPC
import ServiceHost
import Synchronization
import Tenancy
import Wire

/// A service that keeps records, as identity's handover sees it: it proves who calls as the program does, and says what a test wants.
final class FakeHandover: RPCChannel {
    struct Call: Sendable {
        let method: String
        let caller: Caller
        let handover: [UInt8]
        let successors: [Successor]
        /// Nil for another method than BeginHandover.
        let retryBefore: Int64?
        /// Of BeginHandover and CountTransfer.
        var department: [UInt8]? = nil
    }

    struct KindRequest: Sendable {
        let request: CheckFieldKindRequest
        let caller: Caller.Kind
    }

    private struct State {
        var calls: [Call] = []
        var standing = Handover(openCount: 0)
        var isAway = false
        var repeatsValues = false
        var merges: [String] = []
        var modelUses: Int64 = 0
        var kinds: [TenantID: [CheckFieldKindResponse]] = [:]
        var kindRequests: [TenantID: [KindRequest]] = [:]
        var whileAsked: (@Sendable () async throws -> Void)?
    }

    private let state = Mutex(State())
    private let verifier: CallerTokenVerifier
    private let service: ServiceName

    init(_ service: ServiceName, key: MACKey) {
        (self.service, verifier) = (service, CallerTokenVerifier(audience: service, key: key))
    }

    func calls(for tenant: TenantID) -> [Call] { state.withLock { $0.calls.filter { $0.caller.tenantID == tenant } } }

    /// What it answers from now on. For tests that have an identity of their own.
    func stands(_ handover: Handover) { state.withLock { $0.standing = handover } }
    func repeatsValues(_ repeats: Bool) { state.withLock { $0.repeatsValues = repeats } }
    /// How many records each object has, and each field values.
    func usesModel(_ count: Int64) { state.withLock { $0.modelUses = count } }
    /// What is found of values of a workspace that are to be of another kind: each answer once, then that all fit.
    func checksKinds(_ answers: [CheckFieldKindResponse], for tenant: TenantID) {
        state.withLock { $0.kinds[tenant] = answers }
    }

    /// What was asked about kinds, and by whom.
    func kindRequests(for tenant: TenantID) -> [KindRequest] { state.withLock { $0.kindRequests[tenant] ?? [] } }

    private func kindChecked(_ request: [UInt8], _ caller: Caller) throws -> [UInt8] {
        let request = try CheckFieldKindRequest(decoding: request)
        guard let tenant = caller.tenantID else { throw RPCError.unauthenticated("NOBODY", "Nobody calls.") }
        return state.withLock { state in
            state.kindRequests[tenant, default: []].append(KindRequest(request: request, caller: caller.kind))
            guard let answer = state.kinds[tenant]?.first else {
                return CheckFieldKindResponse(valueCount: 3, unfitCount: 0, behindCount: 0).encoded()
            }
            state.kinds[tenant]?.removeFirst()
            return answer.encoded()
        }
    }

    /// What happens while it is asked for the uses of a model, the next time.
    func whileAskedForUses(_ body: @escaping @Sendable () async throws -> Void) {
        state.withLock { $0.whileAsked = body }
    }
    func goAway(_ isAway: Bool) { state.withLock { $0.isAway = isAway } }

    func unary(
        _ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions
    ) async throws(RPCError) -> [UInt8] {
        do {
            guard let token = options.callerToken else { throw RPCError.unauthenticated("NOBODY", "Nobody calls.") }
            let caller = try verifier.verify(token)
            if method.name == "PrepareUniqueField" { return try prepared(request) }
            if method.name == "CheckFieldKind" { return try kindChecked(request, caller) }
            if method.name == "CountModelUses" {
                try await takeWhileAsked()?()
                return try counted(request)
            }
            if let answer = try choices(method, request, caller) { return answer }
            let standing = try state.withLock { state in
                guard !state.isAway else { throw RPCError.unavailable("DOWN", "The service is down.") }
                state.calls.append(try Self.call(method, request, caller))
                return state.standing
            }
            switch method.name {
            case "CountOwned":
                let owned = OwnedRecords(object: "thing", service: service.rawValue, count: 7)
                return CountOwnedResponse(records: [owned]).encoded()
            case "CountTransfer":
                let records = TransferredRecords(
                    object: "thing", service: service.rawValue, gainedCount: 3, lostCount: 2)
                return CountTransferResponse(records: [records]).encoded()
            case "BeginHandover": return BeginHandoverResponse(handover: standing).encoded()
            default: return CancelHandoverResponse(handover: standing).encoded()
            }
        } catch {
            throw RPCError(masking: error)
        }
    }

    private func takeWhileAsked() -> (@Sendable () async throws -> Void)? {
        state.withLock { state in
            defer { state.whileAsked = nil }
            return state.whileAsked
        }
    }

    private func counted(_ request: [UInt8]) throws -> [UInt8] {
        let request = try CountModelUsesRequest(decoding: request)
        let (isAway, count) = state.withLock { ($0.isAway, $0.modelUses) }
        guard !isAway else { throw RPCError.unavailable("DOWN", "The service is down.") }
        return CountModelUsesResponse(
            objectCounts: request.objectNumbers.map { _ in count }, fieldCounts: request.fields.map { _ in count }
        ).encoded()
    }

    /// Customer has two fields with the list, sales none. What is begun is noted.
    private func choices(_ method: MethodDefinition, _ request: [UInt8], _ caller: Caller) throws -> [UInt8]? {
        switch method.name {
        case "CountChoiceUses":
            guard !state.withLock(\.isAway) else { throw RPCError.unavailable("DOWN", "The service is down.") }
            guard service == .customer else { return CountChoiceUsesResponse().encoded() }
            let uses = ["industry", "custom.size"].map { CountedChoiceUse(object: "account", field: $0, count: 3) }
            return CountChoiceUsesResponse(uses: uses).encoded()
        case "BeginChoiceMerge":
            let wanted = try BeginChoiceMergeRequest(decoding: request)
            let text = "\(wanted.choiceList ?? "") \(wanted.fromValue ?? "") \(wanted.intoValue ?? "") \(caller.kind)"
            state.withLock { $0.merges.append(text) }
            return BeginChoiceMergeResponse(jobID: RecordID.make().bytes).encoded()
        default: return nil
        }
    }

    /// The merges that were begun: list, values and who asked.
    var merges: [String] { state.withLock(\.merges) }

    /// What is found of a field that is to be unique: the values of one that is called repeated are, on the second page.
    private func prepared(_ request: [UInt8]) throws -> [UInt8] {
        let request = try PrepareUniqueFieldRequest(decoding: request)
        guard !state.withLock(\.isAway) else { throw RPCError.unavailable("DOWN", "The service is down.") }
        guard request.place != nil else {
            return PrepareUniqueFieldResponse(repeatedCount: 0, nextPlace: RecordID.make().bytes).encoded()
        }
        let repeated = state.withLock(\.repeatsValues)
        return PrepareUniqueFieldResponse(
            repeatedCount: repeated ? 2 : 0,
            examples: repeated ? [RepeatedValue(value: "ab-1", recordIDs: ["one", "two"])] : []
        ).encoded()
    }

    private static func call(_ method: MethodDefinition, _ request: [UInt8], _ caller: Caller) throws -> Call {
        if method.name == "CountTransfer" {
            let asked = try CountTransferRequest(decoding: request)
            return Call(
                method: method.name, caller: caller, handover: [], successors: [], retryBefore: nil,
                department: asked.departmentID)
        }
        guard method.name == "BeginHandover" else {
            let handover =
                method.name == "CancelHandover" ? try CancelHandoverRequest(decoding: request).handoverID : nil
            return Call(
                method: method.name, caller: caller, handover: handover ?? [], successors: [], retryBefore: nil)
        }
        let begun = try BeginHandoverRequest(decoding: request)
        return Call(
            method: method.name, caller: caller, handover: begun.handoverID ?? [], successors: begun.successors,
            retryBefore: begun.retryFailedBeforeMicros, department: begun.newDepartmentID)
    }

    func open(_ method: MethodDefinition, _ options: CallOptions) async throws(RPCError) -> any ClientCall {
        throw RPCError.unimplemented("KIND", method.path)
    }
}
