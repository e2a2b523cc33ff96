import AccessControl
import RPC

extension RecordErrors {
    /// - Parameter path: put before the names of fields, as in `share.`.
    static func shareSubjectInvalid(_ path: String) -> RPCError {
        invalid(
            .shareSubjectInvalid,
            "Set one of user_id, department_id and role_id, to the id of one that the workspace has: of a user who may sign in, or of a "
                + "department or role that is not deleted.", field: "\(path)user_id")
    }

    static func shareNeedless(_ whom: String) -> RPCError {
        invalid(
            .shareNeedless, "The record need not be shared with \(whom); name somebody else.", field: "share.user_id")
    }

    static func teamRoleInvalid() -> RPCError {
        invalid(
            .teamRoleInvalid,
            "A user is a co-owner, who writes, or a follower, who reads; leave access out, or team_role where a department or role is named.",
            field: "share.team_role")
    }

    static func shareTimePast() -> RPCError {
        invalid(
            .shareTimePast, "A share ends in the future; name a later time, or none for one that stays.",
            field: "share.until_time")
    }

    static func shareTimeInvalid() -> RPCError {
        .invalidArgument(
            [
                FieldViolation(
                    field: "share.until_time", reason: "INVALID_TIME",
                    description: "share.until_time must be from the year 1 to 9999, with nanos from 0 to 999,999,999.")
            ], domain: domain)
    }

    static func rulesNotReadable() -> RPCError {
        .permissionDenied(
            RecordReason.permissionMissing.rawValue,
            "You lack the right \(PolicySharingRule.grantName).read; ask an administrator of the workspace.",
            domain: domain)
    }

    static func shareNotFound(_ type: RecordType) -> RPCError {
        .notFound(
            RecordReason.shareNotFound.rawValue,
            "The \(type.object) is not shared with whom you name; ListShares tells with whom it is.", domain: domain)
    }

    static func sharesTooMany(_ type: RecordType) -> RPCError {
        .failedPrecondition(
            RecordReason.sharesTooMany.rawValue,
            "The \(type.object) has \(SharingMethods.sharesMax) shares, which is all that it may have; end some, or share it with a department or "
                + "a role.", domain: domain, details: [("limit", String(SharingMethods.sharesMax))])
    }
}
