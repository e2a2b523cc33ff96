import IdentityContracts
import Testing

@testable import steward

@Suite struct ModelTextTests {
    @Test func whatIsTakenAwayIsShown() {
        let changes = [
            ModelChange(object: "object_definition", name: "course", created: true),
            ModelChange(
                object: "role", name: "Trainer", changedFields: ["grants", "description"],
                fieldChanges: [
                    ModelFieldChange(field: "grants", removed: ["user read ALL"], added: []),
                    ModelFieldChange(field: "description", removed: ["培训"], added: ["Keeps courses"]),
                ]),
        ]
        let rows = changes.flatMap(ModelText.rows)
        #expect(
            rows == [
                ["+", "object_definition", "course", ""], ["~", "role", "Trainer", "grants, description"],
                ["", "", "grants", "- user read ALL"], ["", "", "description", "- 培训  + Keeps courses"],
            ])
        #expect(ModelText.removedCount(changes) == 2)
    }
}
