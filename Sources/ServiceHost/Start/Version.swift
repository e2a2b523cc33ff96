/// The version of all programs of an installation; they are released together.
package enum Version {
    package static let current = "0.1.0"
}
