import ARP
import Heartbeat
import KubeWatch
import SWIM
import Wire

@testable import Balancer

/// The daemons' processes, wired as the Shell wires them.
extension World {
    mutating func start(_ index: Int) {
        let daemon = daemons[index]
        guard !daemon.isAlive else { return }
        daemon.process += 1
        daemon.awakeSince = now
        let instance = UInt64.random(in: 0...(.max), using: &rng)
        let settings = Settings(
            nodeName: daemon.name, instanceID: "i\(index)", instance: instance,
            allocation: scenario.hasMetalLB ? .auto : .always, probes: scenario.probes)
        daemon.balancer = Balancer.Instance(settings, timing: scenario.timing, faults: scenario.planted.balancer)
        startBeats(of: daemon, instance: instance)
        daemon.hasInherited = daemon.inheritance != nil
        deliver(.started(saved: daemon.saved, inheritance: daemon.inheritance), to: daemon)
        daemon.inheritance = nil
        deliver(.links(daemon.links), to: daemon)
        if let pools = daemon.filePools { deliver(.pools(pools, from: .file), to: daemon) }
        connect(daemon)
    }

    /// The process is gone, by its own will or not; what it had sent is still on its way.
    mutating func end(_ index: Int, startsAgainWithin pause: Duration) {
        // What is under way in it comes to nothing.
        daemons[index].balancer = nil
        daemons[index].gossip = nil
        daemons[index].beats = nil
        closeStreams(of: daemons[index])
        daemons[index].speaker = nil
        daemons[index] = Daemon(after: daemons[index])
        checker.noteClaims(of: daemons)
        plan(.start(index), within: pause)
    }

    mutating func freeze(_ index: Int, for pause: Duration) {
        guard daemons[index].isAwake else { return }
        Log.line("\(daemons[index].name) is frozen for \(pause)", at: now)
        daemons[index].frozenUntil = now.advanced(by: pause)
        noteAbsence(of: daemons[index])
        schedule.add(.thaw(index), at: now.advanced(by: pause))
    }

    /// A frozen process goes on: its timers first, the Balancer's before all, then what waited, and only then what had
    /// not left it yet.
    mutating func thaw(_ daemon: Daemon) {
        guard let until = daemon.frozenUntil, until <= now else { return }
        Log.line("\(daemon.name) goes on", at: now)
        daemon.frozenUntil = nil
        daemon.awakeSince = now
        noteReturn(of: daemon)
        let (inbox, unflushed) = (daemon.inbox, daemon.unflushed)
        daemon.inbox = []
        daemon.unflushed = []
        let timers = Daemon.Clock.allCases.filter(daemon.missedTimers.contains)
        daemon.missedTimers = []
        for clock in timers where daemon.isAlive { ring(clock, of: daemon) }
        for input in inbox where daemon.isAlive {
            switch input {
            case .balancer(let event): deliver(event, to: daemon)
            case .gossip(let event): tell(event, to: daemon)
            case .frame(let bytes): take(bytes, by: daemon)
            case .routing(let event): talk(event, by: daemon)
            }
        }
        readSocket(of: daemon)
        for outgoing in unflushed where daemon.isAlive { flush(outgoing, of: daemon) }
    }

    mutating func setLink(_ isUp: Bool, of daemon: Daemon) {
        daemon.isLinkUp = isUp
        daemon.linkUpSince = now
        if isUp { noteReturn(of: daemon) } else { noteAbsence(of: daemon) }
        if daemon.isAlive { deliver(.links(daemon.links), to: daemon) }
    }

    // MARK: Timers

    mutating func wake(_ clock: Daemon.Clock, of daemon: Daemon, at instant: Instant) {
        daemon.wakeGenerations[clock.rawValue] += 1
        let generation = daemon.wakeGenerations[clock.rawValue]
        schedule.add(
            .timer(daemon.index, process: daemon.process, clock, generation: generation), at: max(instant, now))
    }

    mutating func ring(_ clock: Daemon.Clock, of daemon: Daemon) {
        guard daemon.frozenUntil == nil else {
            daemon.missedTimers.insert(clock)
            return
        }
        switch clock {
        case .balancer:
            deliver(.timer, to: daemon)
        case .beats:
            // Nobody is to be blamed for a beat that was not read.
            readSocket(of: daemon)
            beat(.timer, by: daemon)
        case .gossip:
            readSocket(of: daemon)
            gossip(.timer, by: daemon)
        case .responder:
            respond(to: .timer, by: daemon)
        case .resolver:
            resolve(.timer, by: daemon)
        case .prober:
            probe(.timer, by: daemon)
        case .speaker:
            talk(.timer, by: daemon)
        }
    }

    // MARK: The Balancer

    mutating func deliver(_ event: Balancer.Event, to daemon: Daemon) {
        guard daemon.isAlive else { return }
        guard daemon.frozenUntil == nil else {
            daemon.inbox.append(.balancer(event))
            return
        }
        daemon.learn(event)
        switch event {
        case .change(let change): take(change, of: daemon)
        default: break
        }
        daemon.events.append(event)
        while let event = daemon.events.begin() {
            handle(event, of: daemon)
            daemon.events.end()
        }
        // First the Balancer, so that the group hears of this node when its network is known.
        if case .links = event { linksChanged(of: daemon) }
    }

    private mutating func handle(_ event: Balancer.Event, of daemon: Daemon) {
        guard let directives = daemon.balancer?.handle(event, at: now, using: &rng) else { return }
        mix(UInt64(daemon.index) << 32 | UInt64(directives.count))
        let hadBegun = daemon.hasBegun
        for directive in directives { carryOut(directive, of: daemon) }
        daemon.hasBegun = daemon.balancer?.hasBegun ?? false
        let hasTaken = directives.contains { if case .take = $0 { true } else { false } }
        if hasTaken || event.mayEndClaims || daemon.hasBegun != hadBegun { checker.checkClaims(of: daemon, at: now) }
    }

    private mutating func carryOut(_ directive: Balancer.Directive, of daemon: Daemon) {
        switch directive {
        case .write(let id, let write):
            daemon.underWay.insert(id)
            let outgoing = Daemon.Outgoing(connection: daemon.connection, id: id, write: write)
            plan(.flush(daemon.index, process: daemon.process, outgoing), within: .milliseconds(2))
        case .dropConnections:
            dropConnection(of: daemon)
        case .wake(let at):
            wake(.balancer, of: daemon, at: at)
        case .take(let claim):
            checker.require(daemon.claims[claim] == nil, "takes what it has", at: now)
            daemon.claims[claim] = now
            checker.noteClaims(of: daemons)
            if case .v4(let address) = claim.address {
                respond(to: .take(.v4(address), on: claim.interfaceIndex), by: daemon)
            }
        case .release(let claim):
            checker.require(daemon.claims.removeValue(forKey: claim) != nil, "releases what it has not", at: now)
            checker.noteClaims(of: daemons)
            if case .v4(let address) = claim.address {
                respond(to: .release(.v4(address), on: claim.interfaceIndex), by: daemon)
            }
        case .announceAll: respond(to: .announceAll, by: daemon)
        case .answer(let isOn):
            daemon.isMuted = !isOn
            Log.line("\(daemon.name) \(isOn ? "answers again" : "is to hear the others first")", at: now)
        case .findGateways(on: let interfaces): deliver(.gateways(gateways(on: interfaces)), to: daemon)
        case .ask(let question): resolve(.ask(question), by: daemon)
        case .probe(let probe): self.probe(.probe(probe), by: daemon)
        case .watch(on: let interfaces): probe(.watch(interfaces.isEmpty ? [] : Self.watched), by: daemon)
        case .defend(let claim): respond(to: .defend(claim.address, on: claim.interfaceIndex), by: daemon)
        case .post(let bytes, to: let recipient): post(bytes, from: daemon, to: recipient)
        case .gossip(let event): handOver(event, to: daemon)
        case .heartbeat(let event): beat(event, by: daemon)
        case .beat(on: let interfaces): daemon.isBeating = interfaces.contains(Daemon.interfaceIndex)
        case .mirror: daemon.filePools = daemon.balancer?.configuration.pools
        case .save(let saved): daemon.saved = saved
        case .bequeath(let inheritance): daemon.inheritance = inheritance
        case .exit: end(daemon.index, startsAgainWithin: .seconds(5))
        case .record(let record): Log.line("\(daemon.name): \(record.message)", at: now)
        case .speak(let speaking): speak(speaking, by: daemon)
        case .answerWaiting, .listen, .status, .createSecret: break
        }
    }
}

extension Balancer.Event {
    /// Whether a claim that was right before may be wrong after it.
    fileprivate var mayEndClaims: Bool {
        if case .links = self { true } else { subject?.kind == .service }
    }
}
