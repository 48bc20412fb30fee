import Wire

/// How much goes wrong in a run, and what: each seed draws its own, since faults that are always there hide what happens
/// without them (swarm testing: Groce and others, 2012).
struct Weather {
    /// Of each packet to each receiver, by itself.
    var lossPercent = 0
    var duplicationPercent = 0
    /// How long a packet takes, at least and beyond that at most.
    var delay = Duration.microseconds(200)
    var jitter = Duration.microseconds(300)
    /// So many are late and come after those that were sent behind them.
    var stragglerPercent = 0
    var lateness = Duration.milliseconds(60)
    /// Connections to the API server break, its answers are late or lost, watches lag and repeat themselves.
    var hasAPIFaults = false
    /// The gossip goes by the very cable on which clients ask; else by a network of its own.
    var isOneCable = true
    /// There is a router, which the nodes know.
    var hasGateway = true
    /// Nodes that are on the network by radio: what they tell all, they tell each.
    var radioPercent = 0
    /// What happens to nodes, each as often as it is here.
    var mischiefs: [Mischief] = []
    /// Between two such things, at most.
    var troubleInterval = Duration.seconds(8)
    /// Services come and go.
    var hasChurn = false
    /// So many of them want their traffic local, and go without an owner where their endpoints are not.
    var localTrafficPercent = 0

    /// All is well.
    static let fair = Weather()

    /// 5 % loss and jitter, and nothing else: no reason for anything.
    static let drizzle: Weather = {
        var weather = Weather()
        weather.lossPercent = 5
        weather.duplicationPercent = 1
        weather.jitter = .milliseconds(5)
        weather.stragglerPercent = 1
        return weather
    }()

    /// The API server and the nodes are at their worst; the networks carry all.
    static let rough: Weather = {
        var weather = Weather()
        weather.hasAPIFaults = true
        weather.hasChurn = true
        weather.localTrafficPercent = 20
        weather.mischiefs = [
            .freeze, .freeze, .freezeBriefly, .crash, .stop, .restart, .cutOff, .cutOffAll, .drop, .unplug,
        ]
        return weather
    }()

    /// The network falls apart, and comes together again.
    static let divided: Weather = {
        var weather = Weather()
        weather.hasChurn = true
        weather.mischiefs = [.isolate, .split, .split]
        return weather
    }()

    init() {}

    /// What a seed draws.
    init(using rng: inout PRNG) {
        lossPercent = [0, 0, 1, 5, 20].randomElement(using: &rng) ?? 0
        duplicationPercent = [0, 1, 10].randomElement(using: &rng) ?? 0
        delay = [.microseconds(150), .microseconds(600), .milliseconds(3)].randomElement(using: &rng) ?? delay
        jitter = [.microseconds(200), .milliseconds(2), .milliseconds(15)].randomElement(using: &rng) ?? jitter
        stragglerPercent = [0, 0, 1, 3].randomElement(using: &rng) ?? 0
        hasAPIFaults = Int.random(in: 0..<100, using: &rng) < 70
        isOneCable = Int.random(in: 0..<100, using: &rng) < 70
        hasGateway = Int.random(in: 0..<100, using: &rng) < 70
        radioPercent = [0, 0, 30, 100].randomElement(using: &rng) ?? 0
        hasChurn = Int.random(in: 0..<100, using: &rng) < 80
        localTrafficPercent = [0, 20].randomElement(using: &rng) ?? 0
        troubleInterval = [.seconds(3), .seconds(8), .seconds(20)].randomElement(using: &rng) ?? troubleInterval
        mischiefs = Mischief.allCases.filter { _ in Bool.random(using: &rng) }
        if !hasAPIFaults { mischiefs.removeAll(where: \.isOfTheAPI) }
    }

    /// Whether two nodes hear each other well: a lost packet now and then.
    var isGood: Bool { lossPercent <= 5 }
}
