import BGP
import Wire

/// This node's part in BGP: whom it speaks with, what it says, and how that goes.
struct Speaker {
    /// How a session stands.
    enum Standing: Hashable {
        /// It has not been heard of yet.
        case begun
        case up
        /// It is not up: why.
        case down(Cause)
    }

    private enum Phase: Hashable {
        case silent
        case speaking
        case draining
        case ending
        case ended
    }

    var table = RouteTable()
    private(set) var peerings: [Peering] = []
    private var standings: [Peering: Standing] = [:]
    private var phase = Phase.silent

    /// How many of the sessions are up.
    var upCount: Int { standings.values.count { $0 == .up } }
    /// Whether the peers need no more time to hear of the end.
    var hasEnded: Bool { phase == .ended || peerings.isEmpty }

    // MARK: What is said

    /// Has sessions with these peers and no others.
    mutating func speak(with fresh: [Peering], in turn: inout Turn) {
        guard fresh != peerings, phase == .silent || phase == .speaking else { return }
        let known = standings
        peerings = fresh
        standings = Dictionary(fresh.map { ($0, known[$0] ?? .begun) }, uniquingKeysWith: { first, _ in first })
        turn.emit(.speak(.with(fresh)))
    }

    /// Tells what has changed: for the first time, all.
    mutating func tell(in turn: inout Turn) {
        switch phase {
        case .silent:
            phase = .speaking
            _ = table.takeChanges()
            turn.emit(.speak(.routes(table.routes)))
        case .speaking:
            let changes = table.takeChanges()
            if !changes.isEmpty { turn.emit(.speak(.change(changes))) }
        case .draining, .ending, .ended:
            break
        }
    }

    /// Asks the peers to prefer the routes of others from now on (RFC 8326).
    mutating func drain(in turn: inout Turn) {
        guard phase == .speaking else { return }
        phase = .draining
        if !table.routes.isEmpty { turn.emit(.speak(.routes(table.routes.mapValues(\.draining)))) }
    }

    /// Takes all routes back and ends the sessions.
    mutating func end(node: String, in turn: inout Turn) {
        guard phase != .ending, phase != .ended else { return }
        phase = .ending
        if !peerings.isEmpty { turn.emit(.speak(.end(text: "lbd on \(node) has been stopped"))) }
    }

    // MARK: What is heard

    /// Takes what BGP tells.
    mutating func take(_ report: PeeringReport, in turn: inout Turn) {
        switch report {
        case .ended: phase = .ended
        case .session(let peering, let report): take(report, of: peering, in: &turn)
        }
    }

    private mutating func take(_ report: BGP.Report, of peering: Peering, in turn: inout Turn) {
        guard standings[peering] != nil else { return }
        let name = peering.peer.name
        switch report {
        case .up(let negotiation):
            standings[peering] = .up
            let families = negotiation.families.compactMap(\.unicast?.rawValue).joined(separator: " and ")
            let offer = families.isEmpty ? "which takes no routes of lbd's" : "for routes of \(families)"
            turn.record(
                .notice, .peeringUp, "the BGP session with \(name) is up, \(offer)", address: peering.peer.address)
        case .down(let cause):
            standings[peering] = .down(cause)
            if phase == .ending { return }
            turn.record(
                .warning, .peeringDown, "the BGP session with \(name) is down: \(cause)", address: peering.peer.address)
        case .failed(let cause):
            standings[peering] = .down(cause)
            turn.record(
                .warning, .peeringFailed, "no BGP session with \(name): \(cause); trying again",
                address: peering.peer.address)
        case .ended:
            break
        }
    }

    /// The sessions that are not up although they should be, in the order of the configuration.
    var problems: [String] {
        peerings.compactMap { peering in
            guard case .down(let cause) = standings[peering], phase == .speaking else { return nil }
            return "no BGP session with \(peering.peer.name): \(cause)"
        }
    }
}

extension Peer {
    /// What people know it by.
    var name: String { "\(address) (AS \(peerASN))" }
}
