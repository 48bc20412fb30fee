import Wire

@testable import Balancer

/// A run in which one thing happens, or nothing, in an otherwise healthy cluster of three to seven nodes.
enum Trial {
    /// Kills an owner at some moment: how long it takes until all its addresses are answered for by others, a minute where
    /// they are not. nil where nobody owns anything.
    static func timeToReplaceAnOwner(seed: UInt64, _ weather: Weather, _ planted: Planted = .nothing) -> Duration? {
        var world = world(seed: seed, weather, planted)
        guard let owner = world.anOwner else { return nil }
        let orphans = Set(owner.claims.keys.map(\.address))
        world.end(owner.index, startsAgainWithin: .seconds(3_600))
        let death = world.now
        world.pass(until: death.advanced(by: .seconds(60))) { world in
            orphans.isSubset(of: world.answered)
        }
        return death.duration(to: world.now)
    }

    /// Cuts a node off for a moment, and kills another, an owner, just after the first is back: how long it takes until all
    /// addresses of that one are answered for, a minute where they are not. nil where nobody else owns anything.
    static func timeToReplaceAnOwnerAfterAReturn(seed: UInt64, _ weather: Weather) -> Duration? {
        var world = world(seed: seed, weather, .nothing)
        let index = Int.random(in: world.daemons.indices, using: &world.rng)
        let back = world.now.advanced(by: .milliseconds(700) + world.duration(within: .seconds(2)))
        world.isolate(index, until: back)
        let settled = Duration.milliseconds(600) + world.duration(within: .milliseconds(400))
        world.pass(until: back.advanced(by: settled)) { _ in false }
        let owners = world.daemons.filter { !$0.claims.isEmpty && $0.index != index }
        guard let owner = owners.randomElement(using: &world.rng) else { return nil }
        let orphans = Set(owner.claims.keys.map(\.address))
        world.end(owner.index, startsAgainWithin: .seconds(3_600))
        let death = world.now
        world.pass(until: death.advanced(by: .seconds(60))) { orphans.isSubset(of: $0.answered) }
        return death.duration(to: world.now)
    }

    /// The same where an owner's cable was pulled, and the API server has been away for longer than any Lease lasts.
    static func timeToReplaceAnOwnerAfterACable(seed: UInt64, _ weather: Weather) -> Duration? {
        var world = world(seed: seed, weather, .nothing)
        world.cutOff(Array(world.daemons.indices), for: .seconds(600))
        world.pass(.seconds(60) + world.duration(within: .seconds(5)))
        guard let loser = world.anOwner else { return nil }
        let back = world.now.advanced(by: .milliseconds(400) + world.duration(within: .seconds(1)))
        world.isolate(loser.index, until: back)
        world.setLink(false, of: loser)
        world.pass(until: back) { _ in false }
        world.now = back
        world.setLink(true, of: loser)
        world.pass(.milliseconds(800) + world.duration(within: .milliseconds(400)))
        let owners = world.daemons.filter { !$0.claims.isEmpty && $0.index != loser.index }
        guard let owner = owners.randomElement(using: &world.rng) else { return nil }
        let orphans = Set(owner.claims.keys.map(\.address))
        world.end(owner.index, startsAgainWithin: .seconds(3_600))
        let death = world.now
        world.pass(until: death.advanced(by: .seconds(60))) { orphans.isSubset(of: $0.answered) }
        return death.duration(to: world.now)
    }

    /// Stops an owner's daemon at some moment, which starts again soon: for how long some of its addresses are answered for by
    /// nobody. nil where nobody owns anything.
    static func gapOfAStop(seed: UInt64, _ weather: Weather, _ planted: Planted = .nothing) -> Duration? {
        var world = world(seed: seed, weather, planted)
        guard let owner = world.anOwner else { return nil }
        let addresses = Set(owner.claims.keys.map(\.address))
        world.deliver(.stop, to: owner)
        let end = world.now.advanced(by: .seconds(10))
        var gap = Duration.zero
        while true {
            world.pass(until: end) { !addresses.isSubset(of: $0.answered) }
            guard !addresses.isSubset(of: world.answered) else { return gap }
            let silent = world.now
            world.pass(until: end) { addresses.isSubset(of: $0.answered) }
            gap += silent.duration(to: world.now)
        }
    }

    /// Kills an owner's daemon and starts it again a while later: which address then changes its owner, if one does.
    static func changeAtReturn(seed: UInt64, _ weather: Weather, _ planted: Planted = .nothing) -> String? {
        var world = world(seed: seed, weather, planted)
        guard let owner = world.anOwner else { return nil }
        world.end(owner.index, startsAgainWithin: .seconds(3_600))
        world.pass(.seconds(10))
        world.start(owner.index)
        return world.firstChange(within: .seconds(20))
    }

    /// Lets time pass: when the first address changed its owner without reason, or a rule was broken, and how. nil where
    /// all went well.
    static func firstFalseAlarm(
        seed: UInt64, within time: Duration, _ weather: Weather, _ planted: Planted = .nothing
    ) -> String? {
        var world = world(seed: seed, weather, planted)
        guard !world.owners.isEmpty else { return "nobody owns anything" }
        return world.firstChange(within: time)
    }

    /// Cuts a node off from all others and from the router for some time: what it takes that was another's, or what has two
    /// owners or none after that. nil where it takes nothing.
    static func whatOneThatWasCutOffTakes(
        seed: UInt64, _ weather: Weather, _ planted: Planted = .nothing
    ) -> String? {
        var world = world(seed: seed, weather, planted)
        let index = Int.random(in: world.daemons.indices, using: &world.rng)
        let name = world.daemons[index].name
        let before = world.owners
        let time = [Duration.seconds(1), .seconds(4), .seconds(20)].randomElement(using: &world.rng) ?? .seconds(1)
        let cut = world.now
        world.isolate(index, until: cut.advanced(by: .milliseconds(500) + world.duration(within: time)))
        world.pass(.seconds(40))
        if let violation = world.checker.violation { return violation }
        let after = world.owners
        for (address, owners) in before.sorted(by: { $0.key < $1.key }) {
            guard let now = after[address], now.count == 1 else {
                return "\(address) has the owners \(after[address] ?? [])"
            }
            if owners != [name], now != owners { return "\(address) of \(owners) has come to \(now)" }
        }
        return nil
    }

    /// Something keeps what an owner answers from the network, and its beats go on: how long it takes until others answer for
    /// all that it had, ten minutes where they do not. nil where nobody owns anything.
    static func timeToReplaceASilentOwner(seed: UInt64, _ weather: Weather) -> Duration? {
        var world = world(seed: seed, weather, .nothing)
        guard let owner = world.daemons.filter({ !$0.claims.isEmpty }).randomElement(using: &world.rng) else {
            return nil
        }
        owner.isVoiceless = true
        let begin = world.now
        world.pass(until: begin.advanced(by: .seconds(600))) { _ in owner.claims.isEmpty }
        return begin.duration(to: world.now)
    }

    /// A cluster at rest.
    private static func world(seed: UInt64, _ weather: Weather, _ planted: Planted) -> World {
        var scenario = Scenario()
        scenario.weather = weather
        scenario.nodeCounts = 3...7
        scenario.planted = planted
        var world = World(seed: seed, scenario)
        world.pass(.seconds(15))
        world.pass(world.duration(within: .seconds(5)))
        return world
    }
}

extension World {
    /// One of the nodes that answer for something.
    fileprivate var anOwner: Daemon? {
        mutating get { daemons.filter { !$0.claims.isEmpty }.randomElement(using: &rng) }
    }

    /// Lets time pass until an address changes its owner, or a rule is broken: when, and how.
    fileprivate mutating func firstChange(within time: Duration) -> String? {
        let before = owners
        pass(until: now.advanced(by: time)) { $0.owners != before }
        if let violation = checker.violation { return violation }
        guard owners != before else { return nil }
        return "an owner has changed after \(Double(now.nanoseconds) / 1e9) s"
    }

    /// The addresses that are answered for.
    fileprivate var answered: Set<IPAddress> {
        Set(daemons.filter { $0.isAwake && $0.isLinkUp && !$0.isMuted }.flatMap { $0.claims.keys.map(\.address) })
    }

    /// Which nodes answer for which addresses.
    fileprivate var owners: [IPAddress: [String]] {
        var owners: [IPAddress: [String]] = [:]
        for daemon in daemons {
            for claim in daemon.claims.keys { owners[claim.address, default: []].append(daemon.name) }
        }
        return owners
    }
}
