/// Mistakes that a simulation plants in an `Instance`, to see whether it finds them. The daemon has none of them.
package struct Fault: OptionSet, Sendable {
    /// The mistakes, a bit each.
    package let rawValue: UInt8

    /// The mistakes of these bits.
    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// What others say about this node stands.
    package static let neverRefutes = Fault(rawValue: 1)
}
