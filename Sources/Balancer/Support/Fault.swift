/// Mistakes that a simulation plants in the Balancer, to see whether it finds them. The daemon has none of them.
package struct Fault: OptionSet, Hashable, Sendable {
    /// The mistakes, a bit each.
    package let rawValue: UInt16

    /// The mistakes of these bits.
    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// A leader does not wait for the writes of the process before it on its own node.
    package static let forgetsFormerWrites = Fault(rawValue: 1)
    /// A leader that stops releases its Lease while it is not known what became of a write.
    package static let releasesEarly = Fault(rawValue: 2)
    /// A leader does not wait for the last writes of MetalLB's controller.
    package static let followsMetalLBAtOnce = Fault(rawValue: 4)
    /// The address of a write without an answer is free at once.
    package static let forgetsReservations = Fault(rawValue: 8)
    /// That an interface is down is not heeded.
    package static let ignoresLinks = Fault(rawValue: 16)
    /// What the gossip and the beats tell is not heeded.
    package static let trustsLeasesAlone = Fault(rawValue: 32)
    /// Whoever takes an address over does not count its epoch up.
    package static let keepsEpoch = Fault(rawValue: 64)
    /// Of two registers the earlier one holds.
    package static let prefersEarlier = Fault(rawValue: 128)
    /// Of two registers that are equally late each node keeps the one that it heard first.
    package static let prefersFirstHeard = Fault(rawValue: 256)
    /// A node answers for what another has taken.
    package static let neverConcedes = Fault(rawValue: 512)
    /// A node that was away answers at once.
    package static let ignoresAbsence = Fault(rawValue: 1_024)
    /// A daemon that stops does not wait for its heirs.
    package static let stopsAtOnce = Fault(rawValue: 4_096)
}
