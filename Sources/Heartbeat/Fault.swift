/// Mistakes that a simulation plants in an `Instance`, to see whether it finds them. The daemon has none of them.
package struct Fault: OptionSet, Sendable {
    /// The mistakes, a bit each.
    package let rawValue: UInt8

    /// The mistakes of these bits.
    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// A node counts as silent without anybody being asked.
    package static let asksNobody = Fault(rawValue: 1)
    /// An owner does not beat.
    package static let neverBeats = Fault(rawValue: 2)
}
