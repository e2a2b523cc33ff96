/// Why a program does not start, in words for whoever starts it: what is wrong and the cure.
package struct StartError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
