import Heartbeat
import SWIM
import Wire

/// The group as the gossip and the beats on the network show it.
struct Gossip {
    /// A member, and since when it has stood as it does.
    private struct Known {
        var member: SWIM.Member
        var metadata: Metadata?
        var since: Instant
        /// It answered for addresses, and nobody hears it on the network any more.
        var isSilent = false
        /// It answers for addresses, as its beats tell: they find out when it is gone. What the gossip makes of it may come
        /// from one that was cut off itself, and does not count.
        var isAnswering = false
        /// How many times the usual time the gossip allows it.
        var stretch = 1

        /// Whether the beats have to tell of it.
        var isWatched: Bool { member.isListening || isAnswering }

        /// Whether it can be reached, for all that is known.
        var isHeard: Bool { isWatched && !isSilent }

        /// What is known once the gossip tells `fresh` of it.
        func updated(_ fresh: SWIM.Member, at now: Instant) -> Known {
            var known = self
            known.member = fresh
            if fresh.status != member.status { known.since = now }
            let told = Metadata(fresh.metadata)
            let isSameDaemon = told?.instance == metadata?.instance
            // It may have told something newer directly.
            if !isSameDaemon || told?.sequence ?? 0 >= metadata?.sequence ?? 0 { known.metadata = told }
            // The beats begin anew with each daemon, and with each return.
            known.isSilent = isSilent && isSameDaemon && (member.isListening || !fresh.isListening)
            known.isAnswering = isAnswering && isSameDaemon && fresh.status != .left
            if fresh.address != member.address { known.stretch = 1 }
            return known
        }
    }

    /// What is known of a node.
    enum Verdict: Hashable {
        /// It answers for addresses, in this network, and may hear of registers.
        case alive(Presence, knowsRegisters: Bool)
        /// It can be reached and answers for nothing: it has just begun, or is about to leave.
        case away
        /// It cannot be reached, for so long.
        case dead(since: Instant)
        /// The gossip does not tell of it yet, and it has answered directly: it hears of registers.
        case met
        /// The gossip does not tell.
        case unknown

        var isAlive: Bool {
            if case .alive = self { true } else { false }
        }
    }

    /// Being starved lasts for a while, in fits: it is told once in so long.
    private static let starvedPause = Duration.seconds(60)
    /// Whoever beats and is no member is told of each second; if not, it is gone, or a member by now.
    private static let strangerTime = Duration.seconds(3)
    private static let strangerLimit = 128

    private let nodeName: String
    private var members: [String: Known] = [:]
    /// The daemons that have answered directly and are no members yet, and until when that counts.
    private var strangers: [String: Instant] = [:]
    private var impostor: SocketAddress?
    private var starvedUntil = Instant.zero
    /// Whether the group is being told that this node leaves.
    private(set) var isLeaving = false
    /// Whether it was told.
    private(set) var hasLeft = false
    /// What the group was told about this node last.
    private(set) var told: Metadata?
    private var sequence: UInt32 = 0
    private var toldMembers: [String: UInt64]?
    private var toldAlive: [String] = []
    private var pace = Pace()

    init(nodeName: String) {
        self.nodeName = nodeName
    }

    /// Takes what the gossip has learnt.
    mutating func take(_ report: SWIM.Report, in turn: inout Turn) {
        switch report {
        case .changed(let member): update(member, in: &turn)
        case .forgotten(let name): members[name] = nil
        case .stretched(let name, by: let factor): stretch(name, by: factor, in: &turn)
        case .nameTaken(let address): tell(impostorAt: address, in: &turn)
        case .late(let duration): tell(starvedFor: duration, in: &turn)
        case .hasLeft:
            hasLeft = isLeaving
            isLeaving = false
        case .told, .merged: break
        }
    }

    /// Says farewell to the group, if anybody is in it.
    mutating func leave(in turn: inout Turn) {
        guard !isLeaving, !hasLeft else { return }
        let others = members.values.filter { $0.member.name != nodeName && $0.member.status == .alive }
        guard !others.isEmpty else { return }
        isLeaving = true
        turn.emit(.gossip(.leave))
    }

    private mutating func update(_ member: SWIM.Member, in turn: inout Turn) {
        let old = members[member.name]
        strangers[member.name] = nil
        let isSame = old?.member.status == member.status
        members[member.name] =
            old?.updated(member, at: turn.now)
            ?? Known(member: member, metadata: Metadata(member.metadata), since: turn.now)
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

    private mutating func stretch(_ name: String, by factor: Int, in turn: inout Turn) {
        guard let old = members[name]?.stretch, factor != old else { return }
        members[name]?.stretch = factor
        let text =
            factor > 1
            ? "answers slowly, or its link loses packets: it is given \(factor) times the usual time"
            : "answers in the usual time again"
        turn.record(.notice, .memberStretched, "gossip: member \"\(name)\" \(text)", node: name)
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

    // MARK: The beats

    /// Takes what the beats on the network show.
    mutating func take(_ report: Heartbeat.Report, in turn: inout Turn) {
        switch report {
        case .silent(let name, for: let silence):
            guard members[name]?.isHeard == true else { return }
            members[name]?.isSilent = true
            members[name]?.isAnswering = false
            members[name]?.since = turn.now
            let milliseconds = silence.nanoseconds / 1_000_000
            turn.record(
                .warning, .nodeSilent,
                "node \"\(name)\" answered for addresses and is not heard any more, by nobody, for \(milliseconds) ms",
                node: name)
        case .heard(let name):
            if strangers[name] != nil { strangers[name] = turn.now.advanced(by: Self.strangerTime) }
            guard members[name]?.isSilent == true else { return }
            members[name]?.isSilent = false
            turn.record(.notice, .nodeHeard, "node \"\(name)\" is heard again", node: name)
        case .answering(let name, let isAnswering):
            // The last beat of one that leaves may come after its farewell.
            if members[name]?.member.status != .left || !isAnswering { members[name]?.isAnswering = isAnswering }
        case .late(by: let duration):
            tell(starvedFor: duration, in: &turn)
        case .alone, .differs:
            break
        }
    }

    /// The daemon of the node `name` has answered what it was asked directly: what is sent to it arrives, and it hears of
    /// registers. Returns whether that is news.
    mutating func meet(_ name: String, at now: Instant) -> Bool {
        guard members[name] == nil, strangers[name] == nil, strangers.count < Self.strangerLimit else { return false }
        strangers[name] = now.advanced(by: Self.strangerTime)
        return true
    }

    /// Forgets the daemons that are no members and were not heard again. Returns whether there were any.
    mutating func forgetStrangers(at now: Instant) -> Bool {
        guard strangers.contains(where: { $0.value <= now }) else { return false }
        strangers = strangers.filter { $0.value > now }
        return true
    }

    /// Takes what the member `name` has told directly about itself. Returns whether that is news.
    mutating func take(metadata bytes: [UInt8], from name: String) -> Bool {
        guard let new = Metadata(bytes), let known = members[name]?.metadata, new.instance == known.instance,
            new.sequence > known.sequence
        else { return false }
        members[name]?.metadata = new
        return true
    }

    /// Tells the group about this node, and the beats whom to listen for, where that has changed.
    mutating func tell(_ metadata: Metadata, in turn: inout Turn) {
        var metadata = metadata
        metadata.sequence = sequence
        if metadata != told {
            sequence += 1
            metadata.sequence = sequence
            told = metadata
            let bytes = metadata.bytes
            turn.emit(.gossip(.metadata(bytes)))
            // Gossip takes its time.
            turn.emit(.post(DirectMessage(sender: nodeName, .metadata(bytes)).bytes, to: .group))
        }
        let others = members.compactMapValues { known in
            known.isWatched ? known.metadata?.instance : nil
        }.filter { $0.key != nodeName }
        if others != toldMembers ?? [:] {
            toldMembers = others
            turn.emit(.heartbeat(.members(others)))
        }
        // Who beats need not be pinged as often.
        let alive = members.filter { $0.value.isAnswering && $0.value.isHeard && $0.key != nodeName }.keys.sorted()
        if alive != toldAlive {
            toldAlive = alive
            turn.emit(.gossip(.knownAlive(alive)))
        }
    }

    /// Has the gossip go by the figures that suit its members, from the next event on or when that is due.
    mutating func setPace(in turn: inout Turn) {
        let others = members.values.map(\.member).filter { $0.name != nodeName && $0.isListening }
        guard let timing = pace.judge(others, at: turn.now) else { return }
        turn.emit(.gossip(.timing(timing)))
        let text =
            pace.foreigner.map { "goes by memberlist's times, as member \"\($0)\" is not lbd" }
            ?? "goes by lbd's own times, as all members are lbd"
        turn.record(.info, .gossipPace, "gossip: \(text)", node: pace.foreigner)
    }

    /// When the pace may be due, or who is no member was heard too long ago.
    var nextDeadline: Instant? { ([pace.nextDeadline].compactMap { $0 } + strangers.values).min() }

    // MARK: What follows from it

    /// What this node has said about itself last; nil before it has said anything.
    var edition: Edition? { told.map { Edition(instance: $0.instance, sequence: sequence) } }

    /// Whether the daemon of the node `name` has said this after all that the gossip tells of it: a message was lost, or
    /// cannot come any more.
    func lacks(_ edition: Edition, of name: String) -> Bool {
        members[name]?.metadata.map { edition.follows($0.edition) } ?? false
    }

    /// The members, ascending by name.
    var names: [String] { members.keys.sorted() }

    /// Whether another daemon of ours is a member, alive or not.
    var knowsOthers: Bool {
        members.contains { $0.key != nodeName && $0.value.metadata != nil && $0.value.member.status != .left }
    }

    /// Whether another member can be reached, for all that is known.
    var hearsOthers: Bool { members.contains { $0.key != nodeName && $0.value.isHeard } }

    /// Whether all other daemons of ours that are members, and have not left, can be reached.
    var hearsAll: Bool {
        members.allSatisfy { name, known in
            name == nodeName || known.metadata == nil || known.member.status == .left || known.isHeard
        }
    }

    /// What is known of the node `name`. A member that says nothing about itself is a speaker of MetalLB's.
    func verdict(on name: String) -> Verdict {
        guard let known = members[name] else { return strangers[name] == nil ? .unknown : .met }
        guard known.isHeard else { return .dead(since: known.since) }
        if let metadata = known.metadata {
            return metadata.takesPart ? .alive(metadata.presence, knowsRegisters: true) : .away
        }
        if known.member.metadata.isEmpty { return .alive(.anywhere, knowsRegisters: false) }
        return Metadata.isYetToCome(known.member.metadata) ? .away : .unknown
    }

    /// What people are shown.
    func overview(at now: Instant) -> [Overview.GossipMember] {
        members.sorted { $0.key < $1.key }.map { name, known in
            Overview.GossipMember(
                name: name, status: known.member.status.word, address: known.member.address.description,
                seconds: Int(known.since.duration(to: now).components.seconds),
                stretch: known.stretch > 1 ? known.stretch : nil)
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
