import Contracts
import IdentityContracts
import Records
import Tenancy
import Wire

/// A version of the settings: all of them, as they are from a moment on.
struct StoredSettings: Hashable {
    let version: Int64
    let effectiveAt: Timestamp
    /// Nil for what the workspace began with.
    let createdAt: Timestamp?
    let userID: RecordID?
    let changedFields: [String]
    var cancelledAt: Timestamp?
    /// Without what the service sets.
    var values: WorkspaceSettings

    /// What a workspace begins with holds from here on.
    static let beginning = Timestamp(microseconds: 0)

    /// As clients and services get them.
    var settings: WorkspaceSettings {
        var settings = values
        (settings.version, settings.updateTime) = (version, createdAt)
        settings.effectiveTime = effectiveAt > StoredSettings.beginning ? effectiveAt : nil
        return settings
    }

    func message(at now: Timestamp) -> SettingsVersion {
        SettingsVersion(
            settings: settings, changedFields: changedFields, userID: userID?.text, cancelTime: cancelledAt,
            upcoming: cancelledAt == nil && effectiveAt > now ? true : nil)
    }
}

/// The versions that were not taken back, in the order in which they hold.
struct SettingsTimeline {
    private(set) var versions: [StoredSettings]

    /// - Parameter versions: from the one that holds at some moment on, in order; never empty.
    init(_ versions: [StoredSettings]) { self.versions = versions }

    /// What holds at a moment.
    func version(at moment: Timestamp) -> StoredSettings { versions.last { $0.effectiveAt <= moment } ?? versions[0] }

    /// What does not hold yet.
    func upcoming(at moment: Timestamp) -> [StoredSettings] { versions.filter { $0.effectiveAt > moment } }

    /// With one version more, the newest: those that begin to hold later keep what they change, and get the rest.
    func adding(_ new: StoredSettings) -> SettingsTimeline {
        let place = versions.lastIndex { $0.effectiveAt <= new.effectiveAt }.map { $0 + 1 } ?? 0
        var changed = self
        changed.versions.insert(new, at: place)
        changed.follow(after: place)
        return changed
    }

    /// Without a version that is not the first.
    func removing(_ version: Int64) -> SettingsTimeline {
        var changed = self
        guard let place = versions.firstIndex(where: { $0.version == version }), place > 0 else { return self }
        changed.versions.remove(at: place)
        changed.follow(after: place - 1)
        return changed
    }

    /// The versions that have other settings than in another timeline.
    func changed(since other: SettingsTimeline) -> [StoredSettings] {
        let known = Dictionary(other.versions.map { ($0.version, $0) }, uniquingKeysWith: { first, _ in first })
        return versions.filter { version in known[version.version].map { $0 != version } ?? false }
    }

    private mutating func follow(after place: Int) {
        for index in versions.indices where index > place {
            let fields = Set(versions[index].changedFields)
            versions[index].values = versions[index - 1].values.with(fields, of: versions[index].values)
        }
    }
}

extension WorkspaceSettings {
    /// Those that a workspace sets.
    static let settable = descriptor.fields.filter { !["version", "update_time", "effective_time"].contains($0.name) }

    /// With some fields as others have them.
    func with(_ fields: Set<String>, of others: WorkspaceSettings) -> WorkspaceSettings {
        let arena = Arena()
        let message = message(in: arena)
        message.copyFields(from: others.message(in: arena), only: Self.settable.filter { fields.contains($0.name) })
        return message.value(WorkspaceSettings.self)
    }

    /// Without what is of departments and users of one workspace.
    var withoutExceptions: WorkspaceSettings {
        var settings = self
        settings.workingCalendar?.exceptions = []
        return settings
    }

    /// Only these fields.
    func only(_ fields: Set<String>) -> WorkspaceSettings { WorkspaceSettings().with(fields, of: self) }

    /// The names of the fields in which others differ.
    func differences(from others: WorkspaceSettings) -> [String] {
        Self.settable.map(\.name).filter { only([$0]) != others.only([$0]) }
    }
}
