import KubeWatch
import Wire

/// How the daemon ends.
extension Instance {
    mutating func beginDeparture(in turn: inout Turn) {
        guard departure == nil else { return }
        departure = Departure(startedAt: turn.now)
        turn.record(.notice, .stopping, "stopping: handing over what this node announces")
        leadership.retire()
        speaker.drain(in: &turn)
        membership.leave(in: &turn)
    }

    /// Goes on with the departure, if there is one: the Leases are given back, the heirs take the addresses and say so, then
    /// the group hears the farewell.
    mutating func depart(in turn: inout Turn) {
        guard var departure else { return }
        let isLate = departure.startedAt.advanced(by: Departure.limit) <= turn.now
        let isHeard = cluster.isLive(.lease)
        // A write that may still come into effect is the next leader's concern: it then waits for the Lease to expire.
        let isSettled = leadership.isSettled && !assignments.hasUnsettledWrites && outbox.statusCount == 0
        if isHeard, leadership.holdsLease, isSettled || faults.contains(.releasesEarly) {
            leadership.release(through: &outbox, in: &turn)
        }
        if departure.leftAt == nil, membership.hasLeft || isLate || !isHeard { departure.leftAt = turn.now }
        self.departure = departure
        // Where nobody would say that it has taken an address, the time for that must do.
        let isHandedOver = (isLate || !isAwaitingHeir) && departure.silenceAt <= turn.now
        guard isHandedOver || faults.contains(.stopsAtOnce) else { return }
        releaseAll(in: &turn)
        speaker.end(node: settings.nodeName, in: &turn)
        gossip.leave(in: &turn)
        let isReleased = !isHeard || !leadership.holdsLease && !leadership.hasWriteUnderWay
        let isOver = isReleased && !gossip.isLeaving && speaker.hasEnded
        guard isOver || departure.startedAt.advanced(by: Departure.releaseLimit) <= turn.now else { return }
        refusals.act(isEnding: true, in: &turn)
        announcer.save(atOnce: true, in: &turn)
        end(in: &turn)
    }

    /// Whether another node is about to take an address that this one still answers for, and will say so.
    private var isAwaitingHeir: Bool {
        announcer.current.keys.contains { address in
            candidates(for: address)?.voters.contains { $0.knowsRegisters && $0.name != settings.nodeName } ?? false
        }
    }
}
