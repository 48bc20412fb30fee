import SWIM
import Wire

/// The group as the gossip shows it. Only shown to people so far: who answers for an address is decided by the Leases.
struct Gossip {
    /// A member, and since when it has stood as it does.
    private struct Known {
        var member: SWIM.Member
        var since: Instant
    }

    /// Being starved lasts for a while, in fits: it is told once in so long.
    private static let starvedPause = Duration.seconds(60)

    private let nodeName: String
    private var members: [String: Known] = [:]
    private var impostor: SocketAddress?
    private var starvedUntil = Instant.zero
    /// Whether the group is being told that this node leaves.
    private(set) var isLeaving = false

    init(nodeName: String) {
        self.nodeName = nodeName
    }

    /// Takes what the gossip has learnt.
    mutating func take(_ report: SWIM.Report, in turn: inout Turn) {
        switch report {
        case .changed(let member): update(member, in: &turn)
        case .forgotten(let name): members[name] = nil
        case .nameTaken(let address): tell(impostorAt: address, in: &turn)
        case .late(let duration): tell(starvedFor: duration, in: &turn)
        case .hasLeft: isLeaving = false
        case .told, .merged: break
        }
    }

    /// Says farewell to the group, if anybody is in it.
    mutating func leave(in turn: inout Turn) {
        let others = members.values.filter { $0.member.name != nodeName && $0.member.status == .alive }
        guard !others.isEmpty else { return }
        isLeaving = true
        turn.emit(.gossip(.leave))
    }

    private mutating func update(_ member: SWIM.Member, in turn: inout Turn) {
        let old = members[member.name]
        let isSame = old?.member.status == member.status
        members[member.name] = Known(member: member, since: isSame ? old?.since ?? turn.now : turn.now)
        guard member.name != nodeName, !isSame || old?.member.address != member.address else { return }
        let (priority, id, text): (Record.Priority, Record.MessageID, String) =
            switch member.status {
            case .alive: (.notice, .memberAlive, "is alive at \(member.address)")
            case .suspect: (.notice, .memberSuspected, "does not answer at \(member.address)")
            case .dead: (.warning, .memberDead, "is dead: it did not answer at \(member.address)")
            case .left: (.notice, .memberLeft, "has left")
            }
        turn.record(priority, id, "gossip: member \"\(member.name)\" \(text)", node: member.name)
    }

    private mutating func tell(impostorAt address: SocketAddress, in turn: inout Turn) {
        guard address != impostor else { return }
        impostor = address
        turn.record(
            .error, .nameTaken,
            "gossip: the member at \(address) goes by this node's name \"\(nodeName)\" too: set `node` in lbd.yaml there or "
                + "here", node: nodeName)
    }

    private mutating func tell(starvedFor duration: Duration, in turn: inout Turn) {
        guard starvedUntil <= turn.now else { return }
        starvedUntil = turn.now.advanced(by: Self.starvedPause)
        let milliseconds = duration.nanoseconds / 1_000_000
        turn.record(.notice, .starved, "gossip: this daemon was stopped or starved for \(milliseconds) ms")
    }

    /// What people are shown.
    func overview(at now: Instant) -> [Overview.GossipMember] {
        members.sorted { $0.key < $1.key }.map { name, known in
            Overview.GossipMember(
                name: name, status: known.member.status.word, address: known.member.address.description,
                seconds: Int(known.since.duration(to: now).components.seconds))
        }
    }
}

extension SWIM.Member.Status {
    /// As people and programs are told it.
    fileprivate var word: String {
        switch self {
        case .alive: "alive"
        case .suspect: "suspect"
        case .dead: "dead"
        case .left: "left"
        }
    }
}
