package import RPC
package import Text

extension TimeZone {
    /// The rules of a zone that settings take (`FieldFormat.timeZone`).
    ///
    /// - Throws: INTERNAL with TIME_ZONE_UNKNOWN where ICU is older than the list of these names.
    package static func known(_ name: String) throws(RPCError) -> TimeZone {
        guard let zone = TimeZone(name) else {
            throw RPCError(.internal, reason: "TIME_ZONE_UNKNOWN", "ICU does not know the time zone \(name).")
        }
        return zone
    }
}
