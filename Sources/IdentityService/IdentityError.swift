import AccessControl
import Contracts
import Formulas
import IdentityContracts
import RPC
import Records
import Tenancy

/// The errors that identity gives, each in one place. Reasons are never reused.
enum IdentityError {
    static let domain = "identity"

    /// The same whatever was wrong: workspace, address, password, or a user who may not sign in.
    static let signInFailed = RPCError.unauthenticated(
        "SIGN_IN_FAILED", "Workspace, e-mail address or password is wrong, or the user may not sign in.",
        domain: domain)

    /// The same for right and for wrong passwords.
    static func signInLocked(retryAfter delay: Duration) -> RPCError {
        let seconds = max(1, delay.components.seconds + (delay.components.attoseconds > 0 ? 1 : 0))
        let (count, unit) = seconds < 60 ? (seconds, "second") : ((seconds + 59) / 60, "minute")
        return .resourceExhausted(
            "SIGN_IN_LOCKED",
            "Too many attempts to sign in. Try again in \(count) \(unit)\(count == 1 ? "" : "s").",
            domain: domain, retryDelay: delay)
    }

    static let sessionInvalid = RPCError.unauthenticated(
        "SESSION_INVALID", "The session is unknown, expired or has ended. Sign in again.", domain: domain)

    static let refreshTokenInvalid = RPCError.unauthenticated(
        "REFRESH_TOKEN_INVALID", "The refresh token is unknown, expired or has ended. Sign in again.",
        domain: domain)

    static let refreshTokenReused = RPCError.unauthenticated(
        "REFRESH_TOKEN_REUSED",
        "The refresh token was replaced before. All sessions that came from it have ended; sign in again.",
        domain: domain)

    static let passwordWrong = RPCError.invalidArgument(
        "PASSWORD_WRONG", "The present password is wrong.", field: "old_password", domain: domain)

    static let overloaded = RPCError.unavailable(
        "PASSWORD_CHECK_OVERLOADED", "Too many passwords are being checked. Try again.", domain: domain,
        retryDelay: .seconds(1))

    static func fieldsTooMany(_ object: String) -> RPCError {
        .resourceExhausted(
            "FIELDS_TOO_MANY",
            "\(object) has \(TenantModel.fieldCountMax) custom fields, and may have no more; delete one that is not needed.",
            domain: domain)
    }

    static func patternsTooMany(_ object: String) -> RPCError {
        .resourceExhausted(
            "PATTERNS_TOO_MANY",
            "Fields, formulas and validation rules of \(object) have \(PatternRoom.countMax) patterns, and may have no more: each record is held to all of them. Take one away.",
            domain: domain)
    }

    static func indexesTooMany(_ object: String) -> RPCError {
        .resourceExhausted(
            "INDEXES_TOO_MANY",
            "\(FieldDefinitionRules.indexesMax) custom fields of \(object) are indexed, and no more may be: each index is written with each record. Take indexed from one that few lists go by.",
            domain: domain)
    }

    static func tagAudiencesTooMany(_ most: Int64) -> RPCError {
        .resourceExhausted(
            "TAG_AUDIENCES_TOO_MANY",
            "All tags of the workspace are shared with \(most) departments and roles together, and no more may be. Share with a department above, or with everybody.",
            domain: domain)
    }

    static func formulaInvalid(_ error: FormulaError) -> RPCError {
        .invalidArgument(
            "FORMULA_INVALID", "At character \(error.position) of the formula: \(error.text).", field: "formula",
            domain: domain)
    }

    static func formulaCycle(_ names: [String]) -> RPCError {
        .invalidArgument(
            "FORMULA_INVALID",
            "Each of these formulas uses the next, and the last the first: \(names.joined(separator: ", ")). Take one out of the ring.",
            field: "formula", domain: domain)
    }

    /// - Parameter field: formula or roll_up.
    static func sourceForGood(_ field: String) -> RPCError {
        .invalidArgument(
            "FIELD_IMMUTABLE",
            "A field has a \(field) from its creation on or never, since either way values would be lost; add another field.",
            field: field, domain: domain)
    }

    static func formulasTooLarge(_ size: Int, max: Int) -> RPCError {
        .resourceExhausted(
            "FORMULAS_TOO_LARGE",
            "All formulas of the object would have \(size) values, fields, operators and functions, and may have \(max): each change of a record reckons with them. Shorten or delete some.",
            domain: domain)
    }

    static func fieldInUse(_ field: String, byRollUp rollUp: String) -> RPCError {
        .failedPrecondition(
            "FIELD_IN_USE",
            "The roll-up \(rollUp) uses \(field), and would not be right without it as it is; change the roll-up first.",
            domain: domain)
    }

    /// - Parameter part: of the roll-up, as in time_field.
    static func rollUpInvalid(_ part: String, _ text: String) -> RPCError {
        .invalidArgument("ROLL_UP_INVALID", text, field: "roll_up.\(part)", domain: domain)
    }

    static func rollUpCycle(_ names: [String], field: String) -> RPCError {
        .invalidArgument(
            field == "formula" ? "FORMULA_INVALID" : "ROLL_UP_INVALID",
            "Each of these formulas and roll-ups uses the next, and the last the first: \(names.joined(separator: ", ")). Take one out of the ring.",
            field: field, domain: domain)
    }

    static func rollUpsTooMany(_ object: String) -> RPCError {
        .resourceExhausted(
            "ROLL_UPS_TOO_MANY",
            "\(object) has \(TenantModel.rollUpCountMax) roll-ups, and may have no more: each change of what they roll up has all reckoned. Delete one.",
            domain: domain)
    }

    static func fieldInUse(_ field: String, by formula: String) -> RPCError {
        .failedPrecondition(
            "FIELD_IN_USE",
            "The formula of \(formula) uses \(field), and would not be right without it; change the formula first.",
            domain: domain)
    }

    static let objectsTooMany = RPCError.resourceExhausted(
        "OBJECTS_TOO_MANY",
        "The workspace has \(TenantModel.objectCountMax) objects of its own, and may have no more; delete one that is not needed.",
        domain: domain)

    static func objectNotDefined(_ object: String, field: String = "object") -> RPCError {
        .invalidArgument(
            "FIELD_OBJECT_UNKNOWN",
            "The workspace has no object \(object); define it first, with ObjectDefinitionService.",
            field: field, domain: domain)
    }

    static func modelTooLong(_ count: Int, max: Int) -> RPCError {
        .invalidArgument(
            "MODEL_TOO_LONG",
            "The model has \(count) objects, fields and roles; at most \(max) are applied at once. Apply it in parts.",
            field: "model", domain: domain)
    }

    static func twiceInModel(_ place: String, _ name: String) -> RPCError {
        .invalidArgument(
            "NAME_TWICE", "The model names \(name) twice; leave one out.", field: "model.\(place)", domain: domain)
    }

    /// Something of a model has the name of a record that was deleted.
    static func deletedInModel(_ object: String, _ name: String, fields: [String], reason: String) -> RPCError {
        let text = "A deleted \(object) is called \(name); restore it, or give the one in the model another name."
        return RPCError(
            .alreadyExists, reason: reason, domain: domain, text,
            fieldViolations: fields.map { FieldViolation(field: $0, reason: reason, description: text) })
    }

    static func ownTagsTooMany(_ most: Int64) -> RPCError {
        .resourceExhausted(
            "TAGS_TOO_MANY",
            "One owner has at most \(most) tags that not everybody sees; delete one that is not needed, or share one with everybody.",
            domain: domain, details: [("max", String(most))])
    }

    static let tagsTooMany = RPCError.resourceExhausted(
        "TAGS_TOO_MANY",
        "The workspace has \(PolicyTag.countMax) tags, and may have no more; delete one that is not needed.",
        domain: domain, details: [("max", String(PolicyTag.countMax))])

    static func sharingRulesTooMany(_ object: String) -> RPCError {
        .resourceExhausted(
            "SHARING_RULES_TOO_MANY",
            "There are \(PolicySharingRule.countMax) sharing rules of \(object), and may be no more; delete one that is not needed, or join two.",
            domain: domain, details: [("max", String(PolicySharingRule.countMax))])
    }

    static func sharingRulesTooLarge(_ bytes: Int64, max: Int64) -> RPCError {
        .resourceExhausted(
            "SHARING_RULES_TOO_LARGE",
            "All sharing rules of the workspace would have \(bytes) bytes; at most \(max) are allowed. Share with departments or roles in place of "
                + "users, or with shorter filters.",
            domain: domain, details: [("max", String(max))])
    }

    static func fieldInRule(_ path: String, _ rule: String) -> RPCError {
        .failedPrecondition(
            "FIELD_IN_SHARING_RULE",
            "The sharing rule \(rule) selects by \(path); change its filter, or delete it, first.", domain: domain,
            details: [("rule", rule)])
    }

    /// - Parameter others: with whom a record of the kind cannot be shared.
    static func sharingNotAllowed(_ object: String, _ field: String, _ others: String) -> RPCError {
        .permissionDenied(
            "SHARING_NOT_ALLOWED",
            "Your right \(object).update does not reach \(others). One may share with one's own department; with others who has that right "
                + "there, with roles and everybody who has it on the scope all.",
            domain: domain, details: [("field", field)])
    }

    /// Records have the same value in a field that is to be unique.
    static func valuesRepeated(_ field: FieldDefinition, _ count: Int64, _ examples: [RepeatedValue]) -> RPCError {
        let shown = examples.prefix(5).map { example in
            let ids = example.recordIDs.joined(separator: ", ")
            return "\"\(example.value ?? "")\"\(ids.isEmpty ? "" : " (\(ids))")"
        }
        let told = shown.isEmpty ? "" : ", as \(shown.joined(separator: ", "))"
        let text =
            "\(count) records of \(field.object ?? "") have a value of custom.\(field.name ?? "") that another one has\(told): "
            + "change these, then make the field unique."
        return RPCError(
            .failedPrecondition, reason: "VALUES_REPEATED", domain: domain, text, details: [("count", String(count))],
            fieldViolations: [FieldViolation(field: "unique", reason: "VALUES_REPEATED", description: text)])
    }

    // MARK: Choice lists

    static func choiceListUnknown(_ name: String) -> RPCError {
        .invalidArgument(
            "CHOICE_LIST_UNKNOWN",
            "This workspace has no choice list \(name); steward choice-list list shows those that it has.",
            field: "choice_list", domain: domain)
    }

    /// - Parameter uses: paths of fields.
    static func choiceListInUse(_ name: String, _ uses: [String]) -> RPCError {
        let told = uses.prefix(20).joined(separator: ", ") + (uses.count > 20 ? " …" : "")
        return .failedPrecondition(
            "CHOICE_LIST_IN_USE",
            "The choice list \(name) is used by \(told). Give these fields another list or choices of their own, or delete them, and take the "
                + "bound ones out of bound_fields first.",
            domain: domain, details: [("count", String(uses.count)), ("fields", told)])
    }

    static func choiceIsDefault(_ value: String, _ field: String) -> RPCError {
        .failedPrecondition(
            "CHOICE_IS_DEFAULT",
            "\(value) is what new records get in \(field). Give that field another default_value first.",
            domain: domain, details: [("value", value), ("field", field)])
    }

    static let choiceListsTooMany = RPCError.resourceExhausted(
        "CHOICE_LISTS_TOO_MANY",
        "A workspace has at most \(TenantChoiceList.countMax) choice lists; delete those that no field uses.",
        domain: domain, details: [("max", String(TenantChoiceList.countMax))])

    static func fieldBound(_ field: String, to list: String) -> RPCError {
        .failedPrecondition(
            "FIELD_BOUND",
            "\(field) is bound to the choice list \(list). Take it out of that list's bound_fields first.",
            domain: domain, details: [("field", field), ("choice_list", list)])
    }

    static func choiceUnknown(_ value: String, _ list: String, field: String) -> RPCError {
        .invalidArgument(
            "CHOICE_UNKNOWN", "The choice list \(list) has no entry \(value).", field: field, domain: domain)
    }

    static func choiceRetired(_ value: String, field: String) -> RPCError {
        .invalidArgument(
            "CHOICE_RETIRED", "\(value) is retired itself. Name a living entry, or bring it back first.", field: field,
            domain: domain)
    }

    static func choiceListChanged(_ read: Int64, _ current: Int64) -> RPCError {
        .aborted(
            "VERSION_CONFLICT",
            "The choice list was changed: it has version \(current), and \(read) was read. Read it again, then repeat the merge.",
            domain: domain, details: [("current_version", String(current))])
    }

    static let choiceMergedIntoItself = RPCError.invalidArgument(
        "CHOICE_MERGED_INTO_ITSELF", "Name two entries: the one that goes and the one that takes its place.",
        field: "into_value", domain: domain)

    static let choicesNotAsked = RPCError.unavailable(
        "CHOICES_NOT_ASKED", "The services that keep the records cannot be asked now; try again, which is harmless.",
        domain: domain, retryDelay: .seconds(1))

    // MARK: Models

    static let valuesNotChecked = RPCError.unavailable(
        "VALUES_NOT_CHECKED",
        "Whether the values of the field are unique cannot be looked up now, and nothing was changed; try again.",
        domain: domain, retryDelay: .seconds(1))

    /// Many definitions at once, or a way that asks nobody.
    static let uniqueAlone = RPCError.failedPrecondition(
        "UNIQUE_NOT_PREPARED",
        "A field that is there becomes unique by UpdateFieldDefinition or ApplyWorkspaceModel, which look at its values first.",
        domain: domain)

    static func modelTooLarge(_ bytes: Int64, max: Int64) -> RPCError {
        .resourceExhausted(
            "MODEL_TOO_LARGE",
            "The custom fields and choice lists of the workspace would take \(bytes) bytes, and may take \(max): shorten lists of choices, or delete "
                + "fields and lists that are not needed.",
            domain: domain)
    }

    static func workspaceTaken(_ workspace: String) -> RPCError {
        .alreadyExists(
            "WORKSPACE_TAKEN", "The workspace name \(workspace) belongs to another tenant. Choose another.",
            domain: domain, details: [("workspace", workspace)])
    }

    static let requestIDReused = RPCError.invalidArgument(
        "REQUEST_ID_REUSED", "The request id was used for a different request. Choose a new one.",
        domain: domain)

    static let setupInProgress = RPCError.aborted(
        "TENANT_SETUP_IN_PROGRESS", "The workspace is being set up at this moment. Ask again in a second.",
        domain: domain)

    static func setupDelayed(workspace: String, cause: any Error) -> RPCError {
        .unavailable(
            "TENANT_SETUP_DELAYED",
            "The workspace \(workspace) is not ready: its schemas could not be made yet. It is tried again until it is"
                + " ready; repeat the request with the same request id to learn when.",
            domain: domain, retryDelay: .seconds(5), cause: cause)
    }

    static let adminNotFound = RPCError.notFound(
        "ADMIN_NOT_FOUND",
        "The workspace has no user with this e-mail address who has the role Admin and is not disabled.",
        domain: domain)

    static let purposeNotAllowed = RPCError.permissionDenied(
        "PURPOSE_NOT_ALLOWED", "The program may not call that one for this purpose.", domain: domain)

    static let tenantNotFound = RPCError.notFound(
        "TENANT_NOT_FOUND", "There is no such tenant.", domain: domain)

    static func tenantState(_ is: String, needs: String) -> RPCError {
        .failedPrecondition(
            "TENANT_STATE", "The tenant is \(`is`); this needs one that is \(needs).", domain: domain,
            details: [("state", `is`)])
    }

    static let workspaceMismatch = RPCError.invalidArgument(
        "WORKSPACE_MISMATCH", "This is not the name of the tenant's workspace. Nothing was deleted.",
        field: "workspace", domain: domain)

    static let pageTokenInvalid = RPCError.invalidArgument(
        "PAGE_TOKEN_INVALID", "Send the next_page_token of the page before, unchanged.", field: "page_token",
        domain: domain)

    static let watchEnded = RPCError.unavailable(
        "WATCH_ENDED",
        "The watch fell behind or the server stops. Watch again and ask for the present state.",
        domain: domain)

    static let lastAdmin = RPCError.failedPrecondition(
        "LAST_ADMIN", "This is the last user with the role Admin who may sign in. Make another one first.",
        domain: domain)

    static func ownUser(_ what: String) -> RPCError {
        .failedPrecondition(
            "OWN_USER", "You cannot \(what) yourself. Ask another admin.", domain: domain)
    }

    static func successorInvalid(field: String) -> RPCError {
        .invalidArgument(
            "SUCCESSOR_INVALID", "Name another user of this workspace, who may sign in.", field: field, domain: domain)
    }

    static func handoverOpen(_ job: RecordID) -> RPCError {
        .failedPrecondition(
            "HANDOVER_OPEN",
            "What this user owns is being given away by the job \(job). Wait until it has ended, or cancel it.",
            domain: domain, details: [("job_id", job.text)])
    }

    static let userDisabled = RPCError.failedPrecondition(
        "USER_DISABLED", "This user is deactivated. Activate the user first; who may sign in can be transferred.",
        domain: domain)

    static func transferOpen(_ job: RecordID) -> RPCError {
        .failedPrecondition(
            "TRANSFER_OPEN",
            "This user is being transferred by the job \(job). Wait until it has ended, or cancel it with CancelJob.",
            domain: domain, details: [("job_id", job.text)])
    }

    static let transferNeedless = RPCError.failedPrecondition(
        "TRANSFER_NEEDLESS",
        "The user works in this department already. Name another one, or have the records come, too (with_records).",
        domain: domain)

    static let dateInvalid = RPCError.invalidArgument(
        "INVALID_DATE", "effective_date must be a day of the calendar as YYYY-MM-DD; leave it out for now.",
        field: "effective_date", domain: domain)

    static func dateOutOfRange(_ today: CalendarDay, _ last: CalendarDay, zone: String) -> RPCError {
        .invalidArgument(
            "OUT_OF_RANGE",
            "Give a day from \(today.text), today in \(zone), to \(last.text); leave it out for now.",
            field: "effective_date", domain: domain)
    }

    static func departmentsTooMany(max: Int) -> RPCError {
        .invalidArgument(
            "OUT_OF_RANGE", "Name \(max) departments at most.", field: "department_successors", domain: domain)
    }

    static func departmentTwice(field: String) -> RPCError {
        .invalidArgument("DUPLICATE", "This department is named before.", field: field, domain: domain)
    }

    static func idInvalid(field: String) -> RPCError {
        .invalidArgument(
            "INVALID_ID", "\(field) must be an id: a UUID of 36 characters with hyphens.", field: field, domain: domain)
    }

    /// What has rights that the caller lacks; begins the message.
    enum RightsSubject: String {
        case change = "This would give"
        case user = "This user has"
        case role = "This role gives"
    }

    /// `right` is one such as `deal.delete`, or a field such as `account.phone`; nil for who may not know of it.
    static func rightsExceeded(_ right: String?, _ subject: RightsSubject) -> RPCError {
        .permissionDenied(
            "RIGHTS_EXCEEDED", "\(subject.rawValue) \(right ?? "a right"), which goes beyond your own rights.",
            domain: domain, details: right.map { [("right", $0)] } ?? [])
    }

    static let settingsFixed = RPCError.permissionDenied(
        "PERMISSION_MISSING",
        "You need the permission settings.update; ask the administrator of your workspace for it.",
        domain: domain, details: [("permission", "settings.update")])

    static func settingUnknown(known: [String], field: String) -> RPCError {
        .invalidArgument(
            "FIELD_UNKNOWN", "There is no such setting to change. Name some of: \(known.joined(separator: ", ")).",
            field: field, domain: domain)
    }

    static let builtInRole = RPCError.failedPrecondition(
        "BUILT_IN_ROLE", "A role that came with the workspace cannot be deleted.", domain: domain)

    static let adminRoleFixed = RPCError.failedPrecondition(
        "ADMIN_ROLE_FIXED", "The rights of the role Admin cannot be changed. Make another role.",
        domain: domain)

    static let roleInUse = RPCError.failedPrecondition(
        "ROLE_IN_USE", "Users still have this role. Take it from them first.", domain: domain)

    static let departmentInUse = RPCError.failedPrecondition(
        "DEPARTMENT_IN_USE",
        "Users or departments below it still belong to this department. Move them first.",
        domain: domain)

    static func departmentAwaited(_ job: RecordID) -> RPCError {
        .failedPrecondition(
            "DEPARTMENT_IN_USE",
            "A user is to come into this department by the job \(job). Cancel it with CancelJob first.",
            domain: domain, details: [("job_id", job.text)])
    }

    static let departmentGone = RPCError.invalidArgument(
        "REFERENCE_NOT_FOUND", "The department is deleted or was never there; name another.", field: "department_id",
        domain: domain)
}
