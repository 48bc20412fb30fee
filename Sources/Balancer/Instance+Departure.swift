import KubeWatch
import Wire

/// How the daemon ends.
extension Instance {
    mutating func beginDeparture(in turn: inout Turn) {
        guard departure == nil else { return }
        departure = Departure(startedAt: turn.now)
        turn.record(.notice, .stopping, "stopping: handing over what this node announces")
        leadership.retire()
        membership.leave(in: &turn)
        gossip.leave(in: &turn)
    }

    /// Goes on with the departure, if there is one.
    mutating func depart(in turn: inout Turn) {
        guard var departure else { return }
        let isLate = departure.startedAt.advanced(by: Departure.limit) <= turn.now
        if !cluster.isLive(.lease) { return fallSilent(isLate: isLate, in: &turn) }
        // A write that may still come into effect is the next leader's concern: it then waits for the Lease to expire.
        if leadership.holdsLease, !assignments.hasUnsettledWrites, outbox.statusCount == 0 {
            leadership.release(through: &outbox, in: &turn)
        }
        if departure.leftAt == nil, membership.hasLeft || isLate { departure.leftAt = turn.now }
        self.departure = departure
        guard departure.silenceAt <= turn.now else { return }
        releaseAll(in: &turn)
        let isReleased = !leadership.holdsLease && !leadership.hasWriteUnderWay
        if isReleased || departure.startedAt.advanced(by: Departure.releaseLimit) <= turn.now {
            fallSilent(isLate: isLate, in: &turn)
        }
    }

    /// Answers for nothing any more, and ends once the group knows, or the daemon `isLate`.
    private mutating func fallSilent(isLate: Bool, in turn: inout Turn) {
        releaseAll(in: &turn)
        guard !gossip.isLeaving || isLate else { return }
        refusals.act(isEnding: true, in: &turn)
        announcer.save(atOnce: true, in: &turn)
        end(in: &turn)
    }
}
