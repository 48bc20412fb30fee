import Heartbeat
import SWIM
import Testing
import Wire

@testable import Balancer

/// A mistake that is planted in the daemons, and where it shows.
struct Mistake: CustomTestStringConvertible {
    /// Where a mistake shows.
    enum Place {
        /// A rule is broken in the turmoil or after it.
        case turmoil
        /// A dead owner is not replaced in time.
        case failover
        /// An address changes its owner though nothing is wrong.
        case calm
        /// An address is answered for by nobody while its owner stops.
        case handOver
        /// An address changes its owner when a node returns.
        case homecoming
    }

    /// So many seeds are tried.
    private static let seeds = UInt64(0)..<400

    var name: String
    var place = Place.turmoil
    var plant: @Sendable (inout Scenario) -> Void

    var testDescription: String { name }

    static let all: [Mistake] = [
        Mistake(name: "a leader has no deadline, and its follower does not wait") { scenario in
            scenario.timing.renewDeadline = .seconds(1_000_000)
            scenario.timing.requestTimeout = .zero
        },
        Mistake(name: "a leader does not wait for the writes of the process before it") { scenario in
            scenario.weather?.mischiefs = [.crash, .restart]
            scenario.planted.balancer = .forgetsFormerWrites
            // Who looks for an address first has waited long enough by then.
            scenario.probes = false
        },
        Mistake(name: "a leader that stops releases its Lease while a write is under way") { scenario in
            scenario.weather?.mischiefs = [.stop]
            scenario.planted.balancer = .releasesEarly
        },
        Mistake(name: "a leader does not wait for the last writes of MetalLB's controller") { scenario in
            scenario.weather?.mischiefs = [.drop]
            scenario.hasMetalLB = true
            scenario.planted.balancer = .followsMetalLBAtOnce
        },
        Mistake(name: "the address of a write without an answer is free at once") {
            $0.planted.balancer = .forgetsReservations
        },
        Mistake(name: "that a link is down is not heeded") { $0.planted.balancer = .ignoresLinks },
        Mistake(name: "gossip and beats are not heeded", place: .failover) {
            $0.planted.balancer = .trustsLeasesAlone
        },
        Mistake(name: "a member does not refute") { $0.planted.gossip = .neverRefutes },
        Mistake(name: "an owner does not beat", place: .failover) { $0.planted.beats = .neverBeats },
        Mistake(name: "an owner is silent without anybody being asked", place: .calm) {
            $0.planted.beats = .asksNobody
        },
        Mistake(name: "whoever takes an address over does not count its epoch up", place: .homecoming) {
            $0.planted.balancer = .keepsEpoch
        },
        Mistake(name: "of two registers the earlier one holds", place: .homecoming) {
            $0.planted.balancer = .prefersEarlier
        },
        Mistake(name: "of two registers that are equally late each node keeps the one that it heard first") {
            $0.weather?.mischiefs = [.freezeBriefly, .stall, .crash]
            $0.planted.balancer = .prefersFirstHeard
        },
        Mistake(name: "a node answers for what another has taken") {
            $0.weather = .divided
            $0.planted.balancer = .neverConcedes
        },
        Mistake(name: "a node that was away answers at once") { $0.planted.balancer = .ignoresAbsence },
        Mistake(name: "a daemon that stops does not wait for its heirs", place: .handOver) {
            $0.planted.balancer = .stopsAtOnce
        },
        Mistake(name: "one beat that is missing is too much", place: .calm) { scenario in
            scenario.planted.beatTiming.limitThousandths = 1_050
            scenario.planted.beatTiming.inquiryCount = 0
            scenario.planted.beatTiming.directCount = 1
        },
    ]

    /// The first seed that finds it, and what that finds: what is found without the mistake does not count.
    func find() -> (seed: UInt64, finding: String)? {
        var scenario = Scenario()
        scenario.weather = .rough
        scenario.turmoil = .seconds(45)
        plant(&scenario)
        var control = scenario
        control.planted = .nothing
        control.timing = LeaseTiming()
        for seed in Self.seeds {
            if let finding = finding(seed: seed, scenario), self.finding(seed: seed, control) == nil {
                return (seed, finding)
            }
        }
        return nil
    }

    private func finding(seed: UInt64, _ scenario: Scenario) -> String? {
        switch place {
        case .turmoil:
            var world = World(seed: seed, scenario)
            world.run()
            return world.checker.violation
        case .failover:
            let time = Trial.timeToReplaceAnOwner(seed: seed, .fair, scenario.planted) ?? .zero
            return time > FailoverTests.aim ? "replaced after \(time)" : nil
        case .handOver:
            let gap = Trial.gapOfAStop(seed: seed, .fair, scenario.planted) ?? .zero
            return gap > .zero ? "not answered for \(gap)" : nil
        case .homecoming:
            return Trial.changeAtReturn(seed: seed, .fair, scenario.planted)
        case .calm:
            return Trial.firstFalseAlarm(seed: seed, within: .seconds(60), .drizzle, scenario.planted)
        }
    }
}
