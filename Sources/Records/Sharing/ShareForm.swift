import AccessControl
import Contracts
import Tenancy
import Wire

/// RecordShare, the form in which shares are told and stored, and what it means.
enum ShareForm {
    /// In JSON.
    static let writeAccess = ShareAccess.write.rawValue

    /// Nil for one that names nobody, or several.
    static func subject(user: String?, department: String?, includingBelow: Bool, role: String?) -> ShareSubject? {
        switch (user, department, role) {
        case (let id?, nil, nil): RecordID(id).map { .user(UserID($0)) }
        case (nil, let id?, nil): RecordID(id).map { .unit($0, includingBelow: includingBelow) }
        case (nil, nil, let id?): RecordID(id).map { .role($0) }
        default: nil
        }
    }

    /// Nil for one that says nothing.
    static func share(_ form: RecordShare) -> Share? {
        subject(
            user: form.userID, department: form.departmentID, includingBelow: form.includeDescendants ?? true,
            role: form.roleID
        ).map { Share($0, allowsWriting: form.access == .write, end: form.untilTime) }
    }

    /// What a member of a team may do follows from what he is in it.
    static func access(of team: TeamRole) -> ShareAccess { team == .coOwner ? .write : .read }

    /// A share as it is stored.
    static func form(
        _ share: Share, as team: TeamRole? = nil, by sharer: UserID?, at time: Timestamp
    ) -> RecordShare {
        var form = RecordShare()
        switch share.subject {
        case .user(let user): form.userID = user.id.text
        case .unit(let unit, let includesBelow):
            (form.departmentID, form.includeDescendants) = (unit.text, includesBelow)
        case .role(let role): form.roleID = role.text
        }
        (form.access, form.untilTime) = (share.allowsWriting ? .write : .read, share.end)
        (form.sharerID, form.shareTime, form.teamRole) = (sharer?.id.text, time, team)
        return form
    }
}

extension RecordType {
    /// The shares of a record, those that have ended included.
    func shares(of record: Message) -> [Share] { shareForms(of: record).compactMap(ShareForm.share) }

    func shareForms(of record: Message) -> [RecordShare] {
        guard let field = standard.sharing?.shares?.descriptor, record.has(field) else { return [] }
        return record.messages(field).map { $0.value(RecordShare.self) }
    }
}
