import KubeWatch
import Wire

@testable import Balancer

/// The API server, and the daemons' connections to it.
extension World {
    /// Within so long a write comes into effect, or never; its sender does not wait any longer either.
    static let requestTimeout = Duration.seconds(5)

    /// What the daemons watch.
    var kinds: [Kind] {
        [.service, .endpointSlice, .node, .configMap, .lease] + (scenario.hasMetalLB ? [.pod] : [])
    }

    /// How long the API server's part of a message takes.
    private mutating func latency() -> Duration {
        if isPeaceful || !weather.hasAPIFaults { return duration(within: .milliseconds(5)) }
        return switch Int.random(in: 0..<100, using: &rng) {
        case 0..<2: duration(within: .seconds(3))
        case 2..<12: duration(within: .milliseconds(500))
        default: duration(within: .milliseconds(20))
        }
    }

    /// Opens a connection: all kinds are listed, then watched.
    mutating func connect(_ daemon: Daemon) {
        for kind in kinds { planList(kind, for: daemon) }
    }

    private mutating func planList(_ kind: Kind, for daemon: Daemon) {
        let at = max(now, daemon.unreachableUntil).advanced(by: latency())
        schedule.add(
            .list(daemon.index, process: daemon.process, connection: daemon.connection, kind), at: at)
    }

    /// Closes all connections: watches end, writes end without an answer, and all starts anew.
    mutating func dropConnection(of daemon: Daemon) {
        daemon.connection += 1
        for kind in kinds {
            daemon.streams[kind, default: 0] += 1
            if daemon.openStreams.remove(kind) != nil {
                let event = Event.change(.interrupted(kind, reason: "closed"))
                schedule.add(.tell(daemon.index, process: daemon.process, stream: nil, event), at: now)
            }
        }
        for id in daemon.underWay.sorted() {
            schedule.add(
                .answer(daemon.index, process: daemon.process, id, .unanswered(reason: "closed")), at: now)
        }
        connect(daemon)
    }

    /// The server answers a list, and watches from there.
    mutating func list(_ kind: Kind, for daemon: Daemon) {
        guard daemon.unreachableUntil <= now else { return planList(kind, for: daemon) }
        daemon.streams[kind, default: 0] += 1
        daemon.openStreams.insert(kind)
        let objects = server.list(kind)
        for object in objects { tell(object.event, of: kind, to: daemon) }
        let there = Set(objects.map(\.key))
        for key in (daemon.known[kind] ?? []).sorted() where !there.contains(key) {
            tell(.change(.deleted(kind, key)), of: kind, to: daemon)
        }
        tell(.change(.synced(kind)), of: kind, to: daemon)
    }

    /// Has the watch of `kind` tell `event`, after what it tells already.
    private mutating func tell(_ event: Event, of kind: Kind, to daemon: Daemon) {
        let at = max(now.advanced(by: latency()), daemon.lastTold[kind] ?? now)
        daemon.lastTold[kind] = at
        let stream = (kind, daemon.streams[kind] ?? 0)
        schedule.add(.tell(daemon.index, process: daemon.process, stream: stream, event), at: at)
        guard case .change(.upserted) = event, apiChance(2) else { return }
        plan(.tellAgain(daemon.index, process: daemon.process, stream: stream, event), within: .seconds(3))
    }

    /// Tells all watches of a change.
    mutating func publish(_ event: Event) {
        guard let kind = event.subject?.kind else { return }
        for daemon in daemons where daemon.openStreams.contains(kind) { tell(event, of: kind, to: daemon) }
    }

    // MARK: Writes

    /// A write leaves the process, or (its connection is closed) never does.
    mutating func flush(_ outgoing: Daemon.Outgoing, of daemon: Daemon) {
        guard daemon.connection == outgoing.connection else { return }
        guard daemon.frozenUntil == nil else {
            daemon.unflushed.append(outgoing)
            return
        }
        let (index, process) = (daemon.index, daemon.process)
        schedule.add(.timeOut(index, process: process, outgoing), at: now.advanced(by: Self.requestTimeout))
        guard daemon.unreachableUntil <= now, !apiChance(3) else { return }
        var delay = latency()
        if apiChance(15) { delay = duration(within: Self.requestTimeout - .milliseconds(1)) }
        if scenario.hasLateWrites, chance(4) { delay = duration(within: .seconds(60)) }
        schedule.add(
            .arrive(index, process: process, outgoing, isAnswered: !apiChance(3)), at: now.advanced(by: delay))
    }

    /// A write reaches the server.
    mutating func arrive(_ outgoing: Daemon.Outgoing, of index: Int, process: Int, isAnswered: Bool) {
        let daemon = daemons[index]
        let isListening = daemon.process == process && daemon.connection == outgoing.connection
        if case .relistServices = outgoing.write {
            guard isListening, isAnswered else { return }
            list(.service, for: daemon)
            let at = daemon.lastTold[.service] ?? now
            schedule.add(.answer(index, process: process, outgoing.id, .done(nil)), at: at)
            return
        }
        if apiChance(2) {
            guard isListening else { return }
            return schedule.add(.answer(index, process: process, outgoing.id, .busy(after: nil)), at: now)
        }
        checker.checkWrite(outgoing.write, before: server, isMetalLBAtWork: metalLB == .atWork)
        let (outcome, event) = server.apply(outgoing.write)
        if let event { publish(event) }
        guard isAnswered, isListening else { return }
        schedule.add(.answer(index, process: process, outgoing.id, outcome), at: now.advanced(by: latency()))
    }
}
