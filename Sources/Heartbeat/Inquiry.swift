internal import Wire

/// The question to other nodes whether they have heard one that this node does not hear.
struct Inquiry: Hashable {
    let number: UInt32
    /// The number of the first question about the same silence: an answer to that may come late, on a slow link.
    let firstNumber: UInt32
    /// How many have not heard it either.
    var silentCount = 0
    /// Whether anybody was asked but the node itself.
    let hasWitnesses: Bool
    /// When the answers are to be there.
    let deadline: Instant
    /// When the node itself is asked once more, latest first.
    var directAt: [Instant]

    /// Whether `number` is that of a question about this silence.
    func includes(_ number: UInt32) -> Bool { number &- firstNumber <= self.number &- firstNumber }

    /// When there is something to do.
    var nextDeadline: Instant { directAt.last ?? deadline }
}
