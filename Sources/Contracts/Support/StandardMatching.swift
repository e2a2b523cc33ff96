import RPC
package import Wire

// Requests and responses of the methods that work on all records that a filter selects, for any type of records; see StandardRequests.swift.

/// What to make of which records.
public struct UpdateMatchingRequest<Record: Hashable & Sendable>: Hashable, Sendable {
    /// Only records that fulfil this. One of filter and filterExpression.
    public var filter: Filter?

    /// The same as text.
    public var filterExpression: String?

    /// The new values.
    public var record: Record?

    /// The fields to change; one named here and not set above is cleared. Empty means those that are set.
    public var updateMask: [String]

    /// Changes nothing and tells what would be done.
    public var preview: Bool?

    /// Tags that each gets beside those that it has; at most 50. Not sent for kinds of records without tags.
    public var addTagIDs: [String]

    /// Tags that are taken from each; at most 50. Not sent for kinds of records without tags.
    public var removeTagIDs: [String]

    public init(
        filter: Filter? = nil, filterExpression: String? = nil, record: Record? = nil, updateMask: [String] = [],
        preview: Bool? = nil, addTagIDs: [String] = [], removeTagIDs: [String] = []
    ) {
        self.filter = filter
        self.filterExpression = filterExpression
        self.record = record
        self.updateMask = updateMask
        self.preview = preview
        self.addTagIDs = addTagIDs
        self.removeTagIDs = removeTagIDs
    }
}

extension UpdateMatchingRequest: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.updateMatching.request }

    package init(_ message: Message) {
        self.init(
            filter: message.read("filter"), filterExpression: message.read("filter_expression"),
            record: message.read(Record.entry.object), updateMask: message.read("update_mask"),
            preview: message.read("preview"))
        guard Self.hasTags else { return }
        addTagIDs = message.read("add_tag_ids")
        removeTagIDs = message.read("remove_tag_ids")
    }

    package func write(to message: Message) {
        message.write("filter", filter)
        message.write("filter_expression", filterExpression)
        message.write(Record.entry.object, record)
        message.write("update_mask", updateMask)
        message.write("preview", preview)
        guard Self.hasTags else { return }
        message.write("add_tag_ids", addTagIDs)
        message.write("remove_tag_ids", removeTagIDs)
    }

    private static var hasTags: Bool { descriptor.field("add_tag_ids") != nil }
}

/// The job, or what it would do.
public struct UpdateMatchingResponse<Record: Hashable & Sendable>: Hashable, Sendable {
    /// The job, which the service's JobService tells of; absent for a preview.
    public var jobID: String?

    /// How many records there are; for a preview.
    public var count: RecordCount?

    /// The first of them, at most 10, as they would be; for a preview.
    public var records: [Record]

    /// What would be refused of the first 100; for a preview.
    public var issues: [RecordIssue]

    public init(jobID: String? = nil, count: RecordCount? = nil, records: [Record] = [], issues: [RecordIssue] = []) {
        self.jobID = jobID
        self.count = count
        self.records = records
        self.issues = issues
    }
}

extension UpdateMatchingResponse: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.updateMatching.response }

    package init(_ message: Message) {
        self.init(
            jobID: message.read("job_id"), count: message.read("count"), records: message.read(Record.entry.plural),
            issues: message.read("issues"))
    }

    package func write(to message: Message) {
        message.write("job_id", jobID)
        message.write("count", count)
        message.write(Record.entry.plural, records)
        message.write("issues", issues)
    }
}

/// Which records to delete.
public struct DeleteMatchingRequest<Record: Hashable & Sendable>: Hashable, Sendable {
    /// Only records that fulfil this. One of filter and filterExpression.
    public var filter: Filter?

    /// The same as text.
    public var filterExpression: String?

    /// Changes nothing and tells what would be done.
    public var preview: Bool?

    public init(filter: Filter? = nil, filterExpression: String? = nil, preview: Bool? = nil) {
        self.filter = filter
        self.filterExpression = filterExpression
        self.preview = preview
    }
}

extension DeleteMatchingRequest: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.deleteMatching.request }

    package init(_ message: Message) {
        self.init(
            filter: message.read("filter"), filterExpression: message.read("filter_expression"),
            preview: message.read("preview"))
    }

    package func write(to message: Message) {
        message.write("filter", filter)
        message.write("filter_expression", filterExpression)
        message.write("preview", preview)
    }
}

/// The job, or what it would do.
public struct DeleteMatchingResponse<Record: Hashable & Sendable>: Hashable, Sendable {
    /// The job, which the service's JobService tells of; absent for a preview.
    public var jobID: String?

    /// How many records there are; for a preview.
    public var count: RecordCount?

    /// The first of them, at most 10, as they would be; for a preview.
    public var records: [Record]

    /// What would be refused of the first 100; for a preview.
    public var issues: [RecordIssue]

    public init(jobID: String? = nil, count: RecordCount? = nil, records: [Record] = [], issues: [RecordIssue] = []) {
        self.jobID = jobID
        self.count = count
        self.records = records
        self.issues = issues
    }
}

extension DeleteMatchingResponse: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.deleteMatching.response }

    package init(_ message: Message) {
        self.init(
            jobID: message.read("job_id"), count: message.read("count"), records: message.read(Record.entry.plural),
            issues: message.read("issues"))
    }

    package func write(to message: Message) {
        message.write("job_id", jobID)
        message.write("count", count)
        message.write(Record.entry.plural, records)
        message.write("issues", issues)
    }
}

extension RecordMethods {
    /// For requests that only types with owners have.
    fileprivate var reassignment: MethodDefinition {
        guard let reassignMatching else { preconditionFailure("\(get.service) has no records with owners") }
        return reassignMatching
    }
}

/// Whom to give which records.
public struct ReassignMatchingRequest<Record: Hashable & Sendable>: Hashable, Sendable {
    /// Only records that fulfil this. One of filter and filterExpression.
    public var filter: Filter?

    /// The same as text.
    public var filterExpression: String?

    /// The new owner.
    public var ownerID: String?

    /// The new department; absent means the new owner's.
    public var departmentID: String?

    /// Changes nothing and tells what would be done.
    public var preview: Bool?

    public init(
        filter: Filter? = nil, filterExpression: String? = nil, ownerID: String? = nil, departmentID: String? = nil,
        preview: Bool? = nil
    ) {
        self.filter = filter
        self.filterExpression = filterExpression
        self.ownerID = ownerID
        self.departmentID = departmentID
        self.preview = preview
    }
}

extension ReassignMatchingRequest: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.reassignment.request }

    package init(_ message: Message) {
        self.init(
            filter: message.read("filter"), filterExpression: message.read("filter_expression"),
            ownerID: message.read("owner_id"), departmentID: message.read("department_id"),
            preview: message.read("preview"))
    }

    package func write(to message: Message) {
        message.write("filter", filter)
        message.write("filter_expression", filterExpression)
        message.write("owner_id", ownerID)
        message.write("department_id", departmentID)
        message.write("preview", preview)
    }
}

/// The job, or what it would do.
public struct ReassignMatchingResponse<Record: Hashable & Sendable>: Hashable, Sendable {
    /// The job, which the service's JobService tells of; absent for a preview.
    public var jobID: String?

    /// How many records there are; for a preview.
    public var count: RecordCount?

    /// The first of them, at most 10, as they would be; for a preview.
    public var records: [Record]

    /// What would be refused of the first 100; for a preview.
    public var issues: [RecordIssue]

    public init(jobID: String? = nil, count: RecordCount? = nil, records: [Record] = [], issues: [RecordIssue] = []) {
        self.jobID = jobID
        self.count = count
        self.records = records
        self.issues = issues
    }
}

extension ReassignMatchingResponse: WireMessage where Record: RecordMessage {
    package static var descriptor: MessageDescriptor { Record.entry.methods.reassignment.response }

    package init(_ message: Message) {
        self.init(
            jobID: message.read("job_id"), count: message.read("count"), records: message.read(Record.entry.plural),
            issues: message.read("issues"))
    }

    package func write(to message: Message) {
        message.write("job_id", jobID)
        message.write("count", count)
        message.write(Record.entry.plural, records)
        message.write("issues", issues)
    }
}
