internal import Wire

/// A suspicion against a member: it dies at `deadline` if it has not refuted by then. Each member that confirms the
/// suspicion by itself brings the deadline nearer, from the longest time to the shortest (Lifeguard).
struct Suspicion {
    private let start: Instant
    private let minimum: Duration
    private let maximum: Duration
    /// How many confirmations bring it down to `minimum`.
    private let expected: Int
    /// Who suspects the member; the first of them counts as no confirmation.
    private var accusers: Set<String>
    private(set) var deadline: Instant

    /// A suspicion that `accuser` raises in a group of `count` members.
    init(by accuser: String, members count: Int, stretch: Double, timing: Timing, at now: Instant) {
        // Two probe intervals short of the multiplier; and neither this node nor the suspect confirms anything.
        let wanted = timing.suspicionMultiplier - 2
        expected = count - 2 < wanted ? 0 : max(0, wanted)
        minimum = timing.suspicionMinimum(members: count) * stretch
        maximum = minimum * max(1, timing.suspicionMaximumMultiplier)
        start = now
        accusers = [accuser]
        deadline = now.advanced(by: expected == 0 ? minimum : maximum)
    }

    /// Whether this member suspects it.
    func isShared(by accuser: String) -> Bool { accusers.contains(accuser) }

    /// Takes a confirmation; false where it is no news, or more than is needed.
    mutating func confirm(by accuser: String) -> Bool {
        guard accusers.count <= expected, accusers.insert(accuser).inserted else { return false }
        let share = Logarithm.natural(Double(accusers.count)) / Logarithm.natural(Double(expected + 1))
        let time = maximum - (maximum - minimum) * share
        deadline = start.advanced(by: max(minimum, time))
        return true
    }

    /// This process was stopped: the suspect gets the shortest time once more.
    mutating func postpone(at now: Instant) {
        deadline = max(deadline, now.advanced(by: minimum))
    }
}
