internal import Wire

/// The question to other nodes whether they have heard one that this node does not hear.
struct Inquiry: Hashable {
    let number: UInt32
    /// The nodes that were asked and have not answered.
    var waitingFor: Set<String>
    /// How many have not heard it either.
    var silentCount = 0
    /// Whether anybody was asked but the node itself.
    let hasWitnesses: Bool
    /// When the answers are to be there.
    let deadline: Instant
    /// When the node itself is asked once more, latest first.
    var directAt: [Instant]

    /// When there is something to do.
    var nextDeadline: Instant { directAt.last ?? deadline }
}
