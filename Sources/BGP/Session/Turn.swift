internal import Wire

/// One call of `Session.handle`: the time and the randomness that it was given, and the directives that it collects.
struct Turn {
    let now: Instant
    var rng: PRNG
    private(set) var directives: [Directive] = []

    init(at now: Instant, using rng: PRNG) {
        self.now = now
        self.rng = rng
    }

    mutating func emit(_ directive: Directive) {
        directives.append(directive)
    }

    mutating func report(_ report: Report) {
        directives.append(.report(report))
    }
}
