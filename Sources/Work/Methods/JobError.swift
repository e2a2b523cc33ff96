import AccessControl
import RPC

/// The errors of JobService.
enum JobError {
    private static let domain = "jobs"

    static func notFound(_ id: String) -> RPCError {
        .notFound(
            "JOB_NOT_FOUND", "This service has no job with the id \(id.prefix(64)) that you may see.", domain: domain,
            details: [("id", String(id.prefix(64)))])
    }

    static func unknown(_ name: String, known: [String]) -> RPCError {
        .notFound(
            "JOB_UNKNOWN",
            "This service has no schedule called \(name.prefix(64)); it has \(known.isEmpty ? "none" : known.joined(separator: ", ")).",
            domain: domain, details: [("name", String(name.prefix(64)))])
    }

    static func ended(_ job: Job) -> RPCError {
        .failedPrecondition(
            "JOB_ENDED", "The job has ended (\(job.state.rawValue)), and cannot be cancelled.", domain: domain,
            details: [("state", job.state.rawValue)])
    }

    static func notUndoable(_ job: Job) -> RPCError {
        .failedPrecondition(
            "JOB_NOT_UNDOABLE",
            "A job \(job.name) changes nothing that could be taken back; jobs that work on all records that a filter selects do.",
            domain: domain, details: [("name", job.name)])
    }

    static func notRetryable(_ job: Job) -> RPCError {
        let cure =
            job.scheduledAt == nil ? "only one that failed is tried again" : "steward job run has its schedule run now"
        return .failedPrecondition(
            "JOB_NOT_RETRYABLE", "The job is \(job.state.rawValue): \(cure).", domain: domain,
            details: [("state", job.state.rawValue)])
    }

    static func notEnded(_ job: Job) -> RPCError {
        .failedPrecondition(
            "JOB_NOT_ENDED", "The job is under way; cancel it first, then take back what it did.", domain: domain,
            details: [("state", job.state.rawValue)])
    }

    static func tooMany(_ limit: Int64) -> RPCError {
        .resourceExhausted(
            "JOBS_TOO_MANY", "\(limit) jobs work for you or wait; wait for them to end, or cancel some.",
            domain: domain,
            details: [("limit", String(limit))])
    }

    static func watchesTooMany(_ whose: String, _ limit: Int) -> RPCError {
        .resourceExhausted(
            "WATCHES_TOO_MANY",
            "The \(whose) watches \(limit) jobs, as many as may be watched at a time. End a watch first.",
            domain: domain, details: [("limit", String(limit)), ("of", whose)])
    }

    static func permissionMissing(_ action: Action) -> RPCError {
        permissionMissing("\(JobMethods.permission.name).\(action.name)")
    }

    static var settingsFixed: RPCError { permissionMissing("settings.update") }

    /// - Parameter permission: as in `account.erase`.
    static func permissionMissing(_ permission: String) -> RPCError {
        .permissionDenied(
            "PERMISSION_MISSING",
            "You need the permission \(permission); ask the administrator of your workspace for it.",
            domain: domain, details: [("permission", permission)])
    }

    static func keptDaysOutOfRange(_ range: ClosedRange<Int64>) -> RPCError {
        .invalidArgument(
            "OUT_OF_RANGE",
            "Give \(range.lowerBound) to \(range.upperBound) days, or leave it out for what the workspace has set.",
            field: "kept_days", domain: domain)
    }

    static func pageSizeInvalid(_ size: Int, max: Int) -> RPCError {
        .invalidArgument(
            "PAGE_SIZE_INVALID", "page_size is \(size); it must be from 1 to \(max).", field: "page_size",
            domain: domain)
    }

    static var pageTokenInvalid: RPCError {
        .invalidArgument(
            "PAGE_TOKEN_INVALID", "page_token is none that this method gave; begin without one.", field: "page_token",
            domain: domain)
    }
}
