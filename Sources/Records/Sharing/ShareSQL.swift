import AccessControl
import Tenancy

/// Shares of a record as SQL: the column holds them as JSON, in the form of RecordShare, and NULL when there are none.
enum ShareSQL {
    /// SQL that selects the records with a share of one of these forms that has not ended. Most rows have no shares, which costs nothing; where
    /// few records are selected, the index on the column finds them. What every row with shares fulfils tells the planner that these are few: it
    /// would take them for a tenth of the table otherwise, and hope to find some of them wherever it looks.
    ///
    /// - Parameter patterns: the parameter with the forms.
    static func condition(_ column: String, _ patterns: String) -> String {
        """
        (\(column) IS NOT NULL AND jsonb_typeof(\(column)) = 'array' AND \(column) @> ANY (\(patterns)) AND EXISTS (SELECT FROM jsonb_array_elements(\(column)) AS share \
        WHERE jsonb_build_array(share) @> ANY (\(patterns)) \
        AND coalesce((share->>'until_time')::timestamptz > statement_timestamp(), true)))
        """
    }

    /// SQL of the same shares as if they lasted.
    static func lasting(_ value: String) -> String {
        "(SELECT jsonb_agg(share - 'until_time') FROM jsonb_array_elements(nullif(\(value), 'null')) AS share)"
    }

    /// The forms of the shares with what a user is: each an array with a share that has so much at least.
    static func patterns(_ audience: Audience, _ use: ShareUse) -> [String] {
        let access = use == .writing ? ",\"access\":\(ShareForm.writeAccess)" : ""
        var subjects = ["\"user_id\":\"\(audience.user.id.text)\""]
        if let unit = audience.unit { subjects.append("\"department_id\":\"\(unit.text)\"") }
        subjects += audience.units.filter { $0 != audience.unit }.map {
            "\"department_id\":\"\($0.text)\",\"include_descendants\":true"
        }
        subjects += audience.roles.map { "\"role_id\":\"\($0.text)\"" }
        return subjects.map { "[{\($0)\(access)}]" }
    }
}
