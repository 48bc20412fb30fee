import Wire

@testable import Balancer

/// What a run is made of, besides its seed.
struct Scenario {
    /// The figures of leadership that all daemons use.
    var timing = LeaseTiming()
    /// What is wrong with the daemons, on purpose.
    var planted: Planted = .nothing
    /// Whether a write may come into effect long after its sender's time-out. Without, it does within five seconds of
    /// leaving the process, or never.
    var hasLateWrites = false
    /// Whether MetalLB's controller comes and goes.
    var hasMetalLB = false
    /// Whether addresses are announced to a router by BGP, and not on the LAN.
    var hasRouter = false
    /// Whether addresses are looked for before they are given.
    var probes = true
    /// What goes wrong, and how often; nil where the seed draws that.
    var weather: Weather?
    /// How many nodes there are.
    var nodeCounts = 3...5
    /// How long faults happen.
    var turmoil = Duration.seconds(25)
    /// How long none happen afterwards, before all has to be well: eight seconds of it to find out that an address is free.
    var peace = Duration.seconds(38)
}
