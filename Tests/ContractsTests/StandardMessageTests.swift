import Catalogue
import Contracts
import CustomerContracts
import RPC
import SalesContracts
import Tenancy
import Testing
import Wire

/// The requests and responses that exist once in Swift, and for each type of records on the wire.
@Suite struct StandardMessageTests {
    /// The names of the fields, those of the record replaced by what they are.
    private func fields(_ message: MessageDescriptor, _ entry: RecordEntry) -> [String] {
        // Where workspaces define the objects, requests name one: `ObjectRequest` has it.
        message.fields.filter { !(entry.isDefinedByWorkspace && $0.name == "object") }.map { field in
            switch field.name {
            case entry.object: "\(field.number) record"
            case entry.plural: "\(field.number) records"
            default: "\(field.number) \(field.name) \(field.isRepeated)"
            }
        }
    }

    private func messages(_ entry: RecordEntry) -> [MessageDescriptor] {
        let methods = entry.methods
        return [
            methods.get, methods.batchGet, methods.list, methods.create, methods.batchCreate, methods.update,
            methods.batchUpdate, methods.delete, methods.batchDelete, methods.restore, methods.batchRestore,
            methods.listChanges, methods.undo, methods.export, methods.watch,
        ].flatMap { [$0.request, $0.response] } + change(entry)
    }

    /// What a history holds.
    private func change(_ entry: RecordEntry) -> [MessageDescriptor] {
        guard case .message(let change) = entry.methods.listChanges.response.field("changes")?.kind else { return [] }
        return [change]
    }

    /// A field that one type had alone would be lost in Swift without a word.
    @Test func areTheSameForAllTypes() {
        let expected = messages(Account.entry).map { fields($0, Account.entry) }
        for entry in ContractCatalogue.all.records {
            let found = messages(entry).map { fields($0, entry) }
            #expect(found == expected, "\(entry.object)")
        }
    }

    private func survives<Value: WireMessage & Hashable>(_ value: Value, _ fieldCount: Int) throws {
        #expect(Value.descriptor.fields.count == fieldCount, "\(Value.descriptor) has a field that Swift does not know")
        let message = value.message(in: Arena())
        let unset = message.descriptor.fields.filter { !message.has($0) }.map(\.name)
        #expect(unset == [], "\(Value.descriptor)")
        let decoded = try Value(decoding: value.encoded())
        #expect(decoded == value)
    }

    @Test func requestsKeepAllTheyHold() throws {
        let record = AccountContact(id: "a", version: 3, role: "buyer")
        try survives(GetAccountContactRequest(id: "a", readMask: ["id", "role"], showDeleted: false), 3)
        try survives(BatchGetAccountContactsRequest(ids: ["a", "b"], readMask: ["id"]), 2)
        try survives(
            ListAccountContactsRequest(
                filter: Filter(compare: Comparison(field: "role")), filterExpression: "x", orderBy: ["role desc"],
                pageSize: 0,
                pageToken: "t", readMask: ["id"], includeCount: true, showDeleted: true), 8)
        try survives(CreateAccountContactRequest(record: record), 1)
        try survives(BatchCreateAccountContactsRequest(records: [record, AccountContact()]), 1)
        try survives(UpdateAccountContactRequest(record: record, updateMask: ["role"]), 2)
        try survives(DeleteAccountContactRequest(id: "a", version: 0), 2)
        try survives(RestoreAccountContactRequest(id: "a"), 1)
        try survives(
            BatchUpdateAccountContactsRequest(requests: [.init(record: record, updateMask: ["role"]), .init()]), 1)
        try survives(BatchDeleteAccountContactsRequest(requests: [.init(id: "a", version: 0), .init()]), 1)
        try survives(BatchRestoreAccountContactsRequest(requests: [.init(id: "a"), .init()]), 1)
        try survives(ListAccountContactChangesRequest(id: "a", showDeleted: false, pageSize: 0, pageToken: "t"), 4)
        try survives(
            WatchAccountContactsRequest(
                filter: Filter(compare: Comparison(field: "role")), filterExpression: "x", readMask: ["id"],
                resumeToken: "t", changesOnly: false), 5)
    }

    @Test func requestsThatNameAnObjectKeepAllTheyHold() throws {
        try survives(GetRecordRequest("project", GetRequest(id: "a", readMask: ["id"], showDeleted: false)), 4)
        var request = DeleteRecordRequest("project", DeleteRequest(id: "a", version: 0))
        request.version = 3
        #expect(request.request.version == 3 && request.object == "project")
        try survives(request, 3)
    }

    /// Types with a key have them, and they are the same for all of these.
    @Test func upsertsAreTheSameForAllTypesWithAKey() throws {
        let upserts = ContractCatalogue.all.records.compactMap { entry in entry.methods.upsert.map { (entry, $0) } }
        let keyed = ContractCatalogue.all.records.filter { $0.key != nil }.map(\.object)
        #expect(upserts.map(\.0.object) == keyed)
        for (entry, method) in upserts {
            let found = [fields(method.request, entry), fields(method.response, entry)]
            #expect(
                found == [
                    ["1 record", "2 update_mask true", "3 match_field false"], ["1 record", "2 created false"],
                ],
                "\(entry.object)")
        }
        #expect(AccountContact.entry.methods.upsert == nil)
        try survives(
            UpsertAccountRequest(record: Account(externalID: "E"), updateMask: ["city"], matchField: "tax_id"), 3)
        try survives(UndoAccountChangeRequest(id: "a", version: 0), 2)
    }

    @Test func responsesKeepAllTheyHold() throws {
        let record = Deal(id: "d", displayName: "Two anvils")
        try survives(GetDealResponse(record: record), 1)
        try survives(BatchGetDealsResponse(records: [record], missingIDs: ["e"]), 2)
        try survives(ListDealsResponse(records: [record], nextPageToken: "t", count: RecordCount()), 3)
        try survives(CreateDealResponse(record: record), 1)
        try survives(BatchCreateDealsResponse(records: [record], results: [ItemResult()]), 2)
        try survives(UpdateDealResponse(record: record), 1)
        try survives(DeleteDealResponse(record: record), 1)
        try survives(RestoreDealResponse(record: record), 1)
        let result = ItemResult(index: 1, code: 10, version: 3, conflictingFields: ["amount"])
        try survives(BatchUpdateDealsResponse(records: [record], results: [result]), 2)
        try survives(BatchDeleteDealsResponse(records: [record], results: [result]), 2)
        try survives(BatchRestoreDealsResponse(records: [record], results: [result]), 2)
        try survives(UndoDealChangeResponse(record: record), 1)
        try survives(UpsertDealResponse(record: record, created: false), 2)
        let change = DealHistoryEntry(
            version: 0, changeTime: Timestamp(microseconds: -1), method: "update", actorID: "a", onBehalfOfID: "b",
            purpose: "p", changedFields: ["display_name"], before: Deal(), after: record)
        try survives(change, 9)
        try survives(
            WatchDealsResponse(
                records: [record], goneIDs: ["e"], resumeToken: "t", reset: false, snapshotEnd: true), 5)
        try survives(ListDealChangesResponse(changes: [change, DealHistoryEntry()], nextPageToken: "t"), 2)
    }

    @Test func whatIsNotSetStaysSo() throws {
        let request = try ListDealsRequest(decoding: ListDealsRequest().encoded())
        #expect(request == ListDealsRequest())
        #expect(ListDealsRequest().encoded() == [])
    }
}
