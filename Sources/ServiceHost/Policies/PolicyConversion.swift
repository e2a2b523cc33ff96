package import AccessControl
package import Contracts
import Records
import Tenancy

// The values of policies as identity sends them, and as decisions are made on them. Ids that are not 16 bytes are left
// out: what cannot be read allows nothing.

extension PolicySnapshot {
    /// Nil when the policy does not say whose it is.
    ///
    /// - Parameter known: the model that is known; it is kept where the policy has the same.
    package convenience init?(_ policy: TenantPolicy, knowing known: TenantModel? = nil) {
        guard let tenant = policy.tenantID.flatMap({ RecordID(bytes: $0) }) else { return nil }
        self.init(
            tenantID: TenantID(tenant), epoch: policy.epoch ?? 0, isActive: policy.active ?? false,
            roles: policy.roles.compactMap { AccessControl.PolicyRole($0) },
            units: policy.units.compactMap { AccessControl.PolicyUnit($0) },
            users: policy.users.compactMap { AccessControl.PolicyUser($0) },
            placements: policy.placements.compactMap { Placement($0, tenant: TenantID(tenant)) },
            settings: policy.settings.map { AccessControl.WorkspaceSettings($0) } ?? AccessControl.WorkspaceSettings(),
            upcomingSettings: policy.upcomingSettings.map { AccessControl.WorkspaceSettings($0) },
            model: TenantModel(policy.fields, policy.objects, policy.choiceLists, policy.rules).unlessSame(as: known),
            tags: policy.tags.compactMap { AccessControl.PolicyTag($0) },
            sharingRules: policy.sharingRules.compactMap { AccessControl.PolicySharingRule($0) })
    }
}

extension TenantModel {
    package convenience init(
        _ fields: [ModelField], _ objects: [ModelObject], _ choiceLists: [ModelChoiceList], _ rules: [ModelRule]
    ) {
        self.init(
            fields.compactMap { TenantField($0) }, objects: objects.compactMap { TenantObject($0) },
            choiceLists: choiceLists.map { TenantChoiceList($0) }, rules: rules.compactMap { TenantRule($0) })
    }
}

extension TenantRule {
    /// Nil for a rule with an effect that this version does not know.
    package init?(_ rule: ModelRule) {
        guard let id = rule.id.flatMap({ RecordID($0) }), let object = rule.object, let condition = rule.condition
        else { return nil }
        let effect: Effect
        switch rule.effect ?? .unspecified {
        case .unspecified, .refuse: effect = .refuse
        case .lock: effect = .lock(fields: rule.lockedFields)
        default: return nil
        }
        self.init(
            id: id, name: rule.displayName ?? "", object: object, effect: effect, condition: condition,
            field: rule.field, message: rule.message ?? "",
            messages: rule.messages.compactMap { message in
                message.languageCode.map { TenantLabel(language: $0, displayName: message.text ?? "") }
            }, exceptRoles: Set(rule.roleIDs.compactMap { RecordID($0) }))
    }
}

extension TenantField {
    /// Nil for a field of a kind that this version does not know: its values stay as they are, and are not seen.
    package init?(_ field: ModelField) {
        guard let object = field.object, let number = field.number, let name = field.name,
            let kind = field.kind.flatMap({ TenantField.Kind($0) })
        else { return nil }
        let (least, most) = (field.valueMin ?? .min, field.valueMax ?? .max)
        self.init(
            object: object, number: number, name: name, kind: kind, isRequired: field.required ?? false,
            lengthMax: field.lengthMax.map { Int($0) },
            range: (field.valueMin != nil || field.valueMax != nil) && least <= most ? least...most : nil,
            choices: field.choices, choiceList: field.choiceList, displayName: field.displayName,
            description: field.description,
            labels: field.labels.compactMap { TenantLabel($0) },
            defaultValue: field.defaultValue.flatMap { TenantValue($0) }, isReadOnly: field.readOnly ?? false,
            pattern: field.pattern, patternMessage: field.patternMessage,
            isUnique: field.unique ?? false, isIndexed: field.indexed ?? false, referenceObject: field.referenceObject,
            decimals: field.decimals.map { Int($0) }, formula: field.formula,
            rollUp: field.rollUp.flatMap { TenantRollUp($0) },
            kindChange: field.kindChange.flatMap { TenantKindChange($0) })
    }
}

extension TenantRollUp {
    /// Nil for one of a function that this version does not know.
    package init?(_ rollUp: RollUp) {
        let function: Function
        switch rollUp.function ?? .unspecified {
        case .count: function = .count
        case .sum: function = .sum
        case .min: function = .least
        case .max: function = .most
        case .latest: function = .latest
        default: return nil
        }
        self.init(
            object: rollUp.object ?? "", reference: rollUp.reference ?? "", function: function, value: rollUp.field,
            time: rollUp.timeField, filter: rollUp.filterExpression)
    }
}

extension TenantChoiceList {
    package init(_ list: ModelChoiceList) {
        self.init(
            name: list.name,
            entries: list.entries.compactMap { entry in
                entry.value.map {
                    TenantChoice(
                        value: $0, displayName: entry.displayName, labels: entry.labels.compactMap { TenantLabel($0) },
                        colour: entry.colour, isRetired: entry.retired ?? false, successor: entry.mergedInto)
                }
            }, boundFields: Set(list.boundFields))
    }
}

extension TenantLabel {
    init?(_ label: FieldLabel) {
        guard let language = label.languageCode, let displayName = label.displayName else { return nil }
        self.init(language: language, displayName: displayName, description: label.description)
    }
}

extension TenantObject {
    /// Nil for an object that this version cannot number: its records stay as they are, and are not seen.
    init?(_ object: ModelObject) {
        guard let name = object.name, let number = object.number else { return nil }
        let format = object.numberFormat.map { NumberFormat($0) }
        if case .some(.none) = format { return nil }
        self.init(
            name: name, number: number, isShared: object.shared ?? false, numberFormat: format ?? nil,
            displayName: object.displayName, pluralDisplayName: object.pluralDisplayName,
            description: object.description, displayField: object.displayField,
            openness: object.openToWriters == true ? .writing : object.openToReaders == true ? .reading : nil)
    }
}

extension AccessControl.PolicyRole {
    init?(_ role: Contracts.PolicyRole) {
        guard let id = role.id.flatMap({ RecordID(bytes: $0) }) else { return nil }
        self.init(
            id: id, displayName: role.displayName ?? "", grants: role.grants.map { AccessControl.Grant($0) },
            fieldPolicies: role.fieldPolicies.map { AccessControl.FieldPolicy($0) })
    }
}

extension AccessControl.Grant {
    /// A scope that this version does not know allows nothing.
    package init(_ grant: Contracts.Grant) {
        let scope: Scope =
            switch grant.scope ?? .unspecified {
            case .own: .own
            case .unit: .unit
            case .subtree: .subtree
            case .all: .all
            default: .none
            }
        self.init(object: grant.object ?? "", action: grant.action ?? "", scope: scope)
    }
}

extension AccessControl.FieldPolicy {
    /// A level that this version does not know hides the field.
    package init(_ policy: Contracts.FieldPolicy) {
        let level: FieldLevel =
            switch policy.access ?? .unspecified {
            case .masked: .masked
            case .read: .read
            case .write: .write
            default: .none
            }
        self.init(object: policy.object ?? "", field: policy.field ?? "", level: level)
    }
}

extension AccessControl.PolicyUnit {
    init?(_ unit: Contracts.PolicyUnit) {
        guard let id = unit.id.flatMap({ RecordID(bytes: $0) }) else { return nil }
        self.init(
            id: id, parentID: unit.parentID.flatMap { RecordID(bytes: $0) }, isDeleted: unit.deleted ?? false)
    }
}

extension AccessControl.PolicyTag {
    init?(_ tag: Contracts.PolicyTag) {
        guard let id = tag.id.flatMap({ RecordID(bytes: $0) }) else { return nil }
        self.init(
            id: id, owner: tag.ownerID.flatMap { RecordID(bytes: $0) },
            unit: tag.unitID.flatMap { RecordID(bytes: $0) },
            isForAll: tag.sharedWithAll ?? false, units: tag.sharedUnitIDs.compactMap { RecordID(bytes: $0) },
            roles: tag.sharedRoleIDs.compactMap { RecordID(bytes: $0) })
    }
}

extension AccessControl.PolicySharingRule {
    init?(_ rule: Contracts.PolicySharingRule) {
        guard let id = rule.id.flatMap({ RecordID(bytes: $0) }), let object = rule.object,
            let selection = rule.selectionID.flatMap({ RecordID(bytes: $0) }), let filter = rule.filterExpression
        else { return nil }
        let subjects: [ShareSubject] =
            rule.userIDs.compactMap { RecordID(bytes: $0) }.map { .user(UserID($0)) }
            + rule.unitIDs.compactMap { RecordID(bytes: $0) }.map { .unit($0, includingBelow: true) }
            + rule.roleIDs.compactMap { RecordID(bytes: $0) }.map { .role($0) }
        let allowsWriting = rule.allowsWriting ?? false
        self.init(
            id: id, selection: selection, object: object, filter: filter, isEnabled: rule.enabled ?? false,
            shares: subjects.map { Share($0, allowsWriting: allowsWriting, end: rule.untilTime) },
            following: rule.parentObject.map {
                ParentShare($0, allowsWriting: allowsWriting, end: rule.untilTime)
            })
    }
}

extension AccessControl.PolicyUser {
    init?(_ user: Contracts.PolicyUser) {
        guard let id = user.id.flatMap({ RecordID(bytes: $0) }) else { return nil }
        self.init(
            id: UserID(id), unitID: user.unitID.flatMap { RecordID(bytes: $0) },
            roleIDs: user.roleIDs.compactMap { RecordID(bytes: $0) })
    }
}

extension Placement {
    /// Nil for a program or a number that this version does not know.
    init?(_ placement: TenantPlacement, tenant: TenantID) {
        guard let service = placement.service.flatMap({ ServiceName(rawValue: $0) }),
            let partition = placement.partition, partition >= 0
        else { return nil }
        self.init(
            tenantID: tenant, service: service, database: placement.database ?? "default",
            partition: Int(partition), epoch: placement.epoch ?? 0)
    }
}
