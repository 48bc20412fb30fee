import ARP
import Heartbeat
import NetLink
import SWIM

/// What this node does where it hears nobody any more: see `Isolation`.
extension Instance {
    /// Looks whether the gossip still hears others, or does again.
    mutating func noticeSilence(after report: SWIM.Report, in turn: inout Turn) {
        switch report {
        case .changed(let member) where member.name != settings.nodeName && member.status == .alive:
            hearSomebody(in: &turn)
        case .merged:
            hearSomebody(in: &turn)
        default:
            loseOthersIfSilent(in: &turn)
        }
    }

    /// The same for the beats.
    mutating func noticeSilence(after report: Heartbeat.Report, in turn: inout Turn) {
        switch report {
        case .alone(true): loseOthers(in: &turn)
        case .alone(false), .heard: hearSomebody(in: &turn)
        case .silent: loseOthersIfSilent(in: &turn)
        case .differs, .late, .answering: break
        }
    }

    /// Another node is heard.
    mutating func hearSomebody(in turn: inout Turn) {
        conclude(isolation.hearSomebody(at: turn.now), in: &turn)
    }

    private mutating func loseOthersIfSilent(in turn: inout Turn) {
        if gossip.knowsOthers, !gossip.hearsOthers { loseOthers(in: &turn) }
    }

    private mutating func loseOthers(in turn: inout Turn) {
        guard takesPart, departure == nil, isolation.loseOthers() else { return }
        ownership.isHeldBack = true
        findGateways(on: interfacesToAsk, in: &turn)
    }

    /// Where the clients are; where there are none, where they could be.
    private var interfacesToAsk: [UInt32] {
        announcer.countByInterface.isEmpty ? reach.interfaces : announcer.countByInterface.keys.sorted()
    }

    /// Looks for the gateways on these interfaces, to ask them whether anybody is heard.
    mutating func findGateways(on interfaces: [UInt32], in turn: inout Turn) {
        survey.isForQuestions = true
        turn.emit(.findGateways(on: interfaces))
    }

    /// Takes the gateways, which are to be asked unless that is not what they were looked for.
    mutating func take(_ gateways: [Gateway], in turn: inout Turn) {
        guard survey.isForQuestions else { return }
        survey.isForQuestions = false
        let (questions, consequence) = isolation.take(
            gateways, hasInterfaces: !interfacesToAsk.isEmpty, at: turn.now)
        // Where it is not asked for itself, somebody was not heard; any answer shows that others are.
        let others =
            isolation.isInDoubtOrCutOff
            ? [] : gateways.map { ARP.Question(.v4($0.address), on: $0.interfaceIndex) }
        for question in questions + others { turn.emit(.ask(question)) }
        conclude(consequence, in: &turn)
    }

    /// Takes what has come of a question.
    mutating func take(_ report: ARP.Resolver.Report, in turn: inout Turn) {
        conclude(isolation.take(report, at: turn.now), in: &turn)
    }

    /// Asks the gateways again where that is due, and looks at all addresses again where this node may take over by now.
    mutating func askGateways(in turn: inout Turn) {
        if isolation.isToAsk(at: turn.now) { findGateways(on: interfacesToAsk, in: &turn) }
        isolation.endHoldIfDue(isWhole: isGroupWhole, at: turn.now)
        guard isolation.isHeldBack != ownership.isHeldBack else { return }
        ownership.isHeldBack = isolation.isHeldBack
        // Its place in the order of each address depends on that.
        tellGroup(in: &turn)
        elect(in: &turn)
        markAll()
    }

    /// Whether the gossip reaches all that are known: those that live by their Leases, those that were members before, and those
    /// that the registers name.
    private var isGroupWhole: Bool {
        roster.isWhole && gossip.hearsAll
            && ownership.registers.digests.keys.allSatisfy { owner in
                owner == settings.nodeName || owner == Register.nobody || owner == Register.contested
                    || roster.alive[owner] != nil
            }
    }

    private mutating func conclude(_ consequence: Isolation.Consequence, in turn: inout Turn) {
        switch consequence {
        case .nothing:
            break
        case .servesOn:
            // Only now can anybody have heard what was asked.
            if ownership.absentUntil != nil { beAbsent(in: &turn) }
        case .isCutOff:
            turn.emit(.answer(false))
            turn.record(
                .warning, .cutOff,
                "cut off: \(isolation.silence); this node answers for nothing until one of them is heard",
                node: settings.nodeName)
        case .isBack:
            turn.record(.notice, .reconnected, "no longer cut off", node: settings.nodeName)
            beAbsent(in: &turn)
        }
    }
}
