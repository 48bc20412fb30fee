/// How well this node itself keeps up (Lifeguard's local health awareness): zero is well. A node that does poorly waits
/// longer before it blames another.
struct Awareness {
    /// From 0 to `maximum` - 1.
    private(set) var score = 0

    /// A probe has gone well (-1), or something has shown that this node is slow or cut off.
    mutating func apply(_ delta: Int, maximum: Int) {
        score = min(max(0, score + delta), max(0, maximum - 1))
    }

    /// The time that a node as well as this one should allow.
    func scaled(_ duration: Duration) -> Duration {
        duration * (score + 1)
    }
}
