import Wire

/// One of the networks between the nodes: which ways are cut, and until when.
struct Plane {
    private let count: Int
    private var cutUntil: [Instant]
    /// Until then it loses much of what it carries.
    private(set) var stormUntil = Instant.zero

    /// A network of `count` hosts, all of whom hear each other.
    init(count: Int) {
        self.count = count
        cutUntil = Array(repeating: .zero, count: count * count)
    }

    /// Nothing gets from one host to another until then.
    mutating func cut(from: Int, to: Int, until instant: Instant) {
        cutUntil[from * count + to] = max(cutUntil[from * count + to], instant)
    }

    mutating func storm(until instant: Instant) {
        stormUntil = max(stormUntil, instant)
    }

    /// All is well from now on.
    mutating func heal(at now: Instant) {
        cutUntil = cutUntil.map { min($0, now) }
        stormUntil = min(stormUntil, now)
    }

    func carries(from: Int, to: Int, at now: Instant) -> Bool {
        cutUntil[from * count + to] <= now
    }

    /// From when on both ways between the two are open, as things stand.
    func openSince(between first: Int, and second: Int) -> Instant {
        max(cutUntil[first * count + second], cutUntil[second * count + first])
    }

    /// From when on the two hear each other well, as things stand.
    func clearSince(between first: Int, and second: Int) -> Instant {
        max(openSince(between: first, and: second), stormUntil)
    }
}
