import RPC
import Records
import Tenancy

/// What is told of settings that cannot be. Reasons are never reused.
enum SettingsError {
    private static func invalid(_ reason: String, _ message: String, _ field: String) -> RPCError {
        .invalidArgument(reason, message, field: field, domain: IdentityError.domain)
    }

    static func form(_ format: FieldFormat, _ field: String) -> RPCError {
        invalid("INVALID_FORMAT", "Give \(format.expectation).", field)
    }

    static func timeZoneTooNew(_ field: String) -> RPCError {
        invalid(
            "INVALID_FORMAT",
            "The server's libicu does not know this time zone yet. Give another one with the same clocks, or have libicu brought up to date.",
            field)
    }

    static func outOfRange(_ range: ClosedRange<Int64>, _ unit: String, _ field: String) -> RPCError {
        invalid(
            "OUT_OF_RANGE", "Give \(range.lowerBound) to \(range.upperBound) \(unit), or leave it out for the default.",
            field)
    }

    static func dayUnknown(_ field: String) -> RPCError {
        invalid("UNKNOWN_VALUE", "Give a day of the week, DAY_OF_WEEK_MONDAY to DAY_OF_WEEK_SUNDAY.", field)
    }

    static func time(_ field: String, from first: String, to last: String) -> RPCError {
        invalid("INVALID_TIME", "Give a time of the day in hours and minutes, \(first) to \(last).", field)
    }

    static func endsBeforeItBegins(_ field: String) -> RPCError {
        invalid(
            "OUT_OF_RANGE",
            "Hours end after they begin. Give what goes on after midnight as hours until 24:00 and hours of the next day.",
            field)
    }

    static func overlap(_ field: String) -> RPCError {
        invalid("HOURS_OVERLAP", "These hours overlap with others of the day; give each hour once.", field)
    }

    static func calendarEmpty(_ field: String) -> RPCError {
        invalid(
            "REQUIRED",
            "A working calendar has at least one hour a week; give hours, or leave the calendar out for the usual one.",
            field)
    }

    static func exceptionEmpty(_ field: String) -> RPCError {
        invalid("REQUIRED", "An exception has hours or days; give some, or leave it out.", field)
    }

    static func subjectMissing(_ field: String) -> RPCError {
        invalid(
            "REQUIRED", "An exception is of a department or of a user; give exactly one of department_id and user_id.",
            field)
    }

    static func subjectUnknown(_ field: String) -> RPCError {
        invalid(
            "REFERENCE_NOT_FOUND", "There is no such department or user; name another, or leave the exception out.",
            field)
    }

    static func date(_ field: String) -> RPCError {
        invalid("INVALID_DATE", "Give a day that the calendar has, as in 2026-10-01.", field)
    }

    static func twice(_ field: String) -> RPCError {
        invalid("DUPLICATE", "It is there already; give it once.", field)
    }

    static func tooMany(_ count: Int, max: Int, _ field: String) -> RPCError {
        invalid("TOO_MANY", "There are \(count); give at most \(max).", field)
    }

    static func tooLong(_ max: Int, _ field: String) -> RPCError {
        invalid("TOO_LONG", "Give at most \(max) characters.", field)
    }

    static func characters(_ field: String) -> RPCError {
        invalid("FORBIDDEN_CHARACTER", "Give one line without control characters.", field)
    }

    static func calendarTooLong(_ count: Int, max: Int, _ field: String) -> RPCError {
        invalid(
            "TOO_LONG", "The calendar has \(count) bytes; at most \(max) are kept. Leave out days that are past.", field
        )
    }

    static func effectiveTime(_ last: Timestamp) -> RPCError {
        invalid(
            "OUT_OF_RANGE",
            "What was is not changed: give a moment to come, \(last.text) at the latest, or none for now.",
            "effective_time")
    }

    static func tooManyUpcoming(_ max: Int) -> RPCError {
        .resourceExhausted(
            "SETTINGS_CHANGES_TOO_MANY",
            "\(max) changes of the settings wait for their time, and no more may; take one back, or wait for the next.",
            domain: IdentityError.domain, details: [("limit", String(max))])
    }

    static func inForce(_ version: Int64) -> RPCError {
        .failedPrecondition(
            "SETTINGS_IN_FORCE",
            "Version \(version) holds already, and what was is not changed; set what shall hold from now on.",
            domain: IdentityError.domain, details: [("version", String(version))])
    }

    static func versionUnknown(_ field: String) -> RPCError {
        invalid(
            "VERSION_UNKNOWN", "The settings have no such version; ListSettingsVersions gives those that they have.",
            field)
    }

    static func conflict(current: Int64) -> RPCError {
        .aborted(
            "VERSION_CONFLICT",
            "Somebody else changed the settings since you read them. Read version \(current), then decide.",
            domain: IdentityError.domain, details: [("version", String(current))])
    }
}
