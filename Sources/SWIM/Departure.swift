internal import Wire

/// The farewell of this node.
struct Departure {
    /// It takes no longer than until then.
    let deadline: Instant
    /// Whether its end was reported.
    var isOver = false
}
