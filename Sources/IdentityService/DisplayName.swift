import Records
import Text

extension TextRule {
    /// The name of a workspace, user or operator as people read it.
    static let displayName = TextRule(.oneLine, lengthMax: 200)
}
