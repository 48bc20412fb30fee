import Heartbeat
import SWIM
import Wire

/// What the daemons tell each other about who answers for what.
extension Instance {
    /// A daemon that did not run for longer may have been taken for dead.
    private static let absence = Duration.milliseconds(120)
    /// Comes first in what memberlist's members exchange of ours.
    private static let stateMark = SWIM.Member.mark + [1]

    // MARK: What others tell

    /// Takes what a report of the gossip means for the addresses.
    mutating func heed(_ report: SWIM.Report, in turn: inout Turn) {
        switch report {
        case .merged(let state, isJoin: _):
            guard state.starts(with: Self.stateMark) else { return }
            // As it was some time ago: not good enough for an introduction.
            takeRegisters(state.dropFirst(Self.stateMark.count), from: nil, in: &turn)
        case .late(by: let duration):
            noticeAbsence(of: duration, in: &turn)
        case .changed, .forgotten, .told, .stretched, .nameTaken, .hasLeft:
            break
        }
    }

    /// Takes what a report of the beats means for the addresses.
    mutating func heed(_ report: Heartbeat.Report, in turn: inout Turn) {
        switch report {
        case .late(by: let duration):
            noticeAbsence(of: duration, in: &turn)
        case .differs(let name):
            // Not again and again where that has shown not to help; but where no answer came, it may have been lost.
            if let last = told.fruitless[name], last.duration(to: turn.now) < ToldOwnership.fruitlessPause { return }
            post(.wanted(question: ownership.question), to: .member(name), in: &turn)
        case .silent, .heard, .answering, .alone:
            break
        }
    }

    /// Takes a message of another daemon; what is none is dropped.
    mutating func takePosted(_ bytes: [UInt8], in turn: inout Turn) {
        guard let message = try? DirectMessage(bytes), message.sender != settings.nodeName else { return }
        hearSomebody(in: &turn)
        switch message.body {
        case .registers(let bytes):
            takeRegisters(bytes[...], from: message.sender, in: &turn)
        case .answer(let bytes, to: let question):
            told.fruitless[message.sender] = turn.now
            if gossip.meet(message.sender, at: turn.now) { elect(in: &turn) }
            takeRegisters(bytes[...], from: message.sender, in: &turn)
            // One from before an absence knows nothing of what was taken during it.
            guard question == ownership.question else { return }
            ownership.hearAnswer()
            isolation.hearAnswer(at: turn.now)
            introduce(in: &turn)
            if ownership.absentUntil != nil { endAbsence(in: &turn) }
        case .wanted(let question):
            // It may have missed that this node takes part, and take by the order what this node has.
            if let told = gossip.told { post(.metadata(told.bytes), to: .member(message.sender), in: &turn) }
            let all = ownership.registers.all
            // One that knows nothing says that. The last part is the answer: with it the sender has heard everything.
            let parts = all.isEmpty ? [[]] : encode(all)
            for (number, part) in parts.enumerated() {
                let isLast = number == parts.count - 1
                post(isLast ? .answer(part, to: question) : .registers(part), to: .member(message.sender), in: &turn)
            }
        case .finding(let bytes):
            var reader = ByteReader(bytes)
            if let finding = try? Finding(from: &reader) { take(finding, from: message.sender, in: &turn) }
        case .doubted(let address):
            inspection.want(address, at: turn.now)
        case .metadata(let bytes):
            if gossip.take(metadata: bytes, from: message.sender) { elect(in: &turn) }
        }
    }

    private mutating func takeRegisters(_ bytes: ArraySlice<UInt8>, from sender: String?, in turn: inout Turn) {
        var reader = ByteReader(bytes)
        guard let entries = try? Registers.read(from: &reader) else { return }
        ownership.makeRoom { book.occupants(of: $0).isEmpty == false }
        let before = ownership.registers
        let (changed, outdated) = ownership.merge(entries, at: turn.now)
        concede(changed, had: before, in: &turn)
        if let sender, !changed.isEmpty || !outdated.isEmpty { told.fruitless[sender] = nil }
        announcer.mark(changed)
        guard !outdated.isEmpty else { return }
        if let sender {
            for part in encode(outdated) { post(.registers(part), to: .member(sender), in: &turn) }
        }
        // Where it answered for what is this node's, its clients are to learn better.
        if outdated.contains(where: { announcer.current[$0.address] != nil }) { announceAll(in: &turn) }
    }

    /// Tells those who have taken what this node answers for that it did so until now: clients may have come to believe
    /// that last, so that they are to announce it again.
    private mutating func concede(_ addresses: [IPAddress], had before: Registers, in turn: inout Turn) {
        let lost = addresses.compactMap { address -> (owner: String, address: IPAddress, register: Register)? in
            guard announcer.current[address] != nil, let old = before[address], old.owner == settings.nodeName,
                let new = ownership.registers[address]
            else { return nil }
            return (new.owner, address, old)
        }
        for (owner, group) in Dictionary(grouping: lost, by: \.owner).sorted(by: { $0.key < $1.key }) {
            for part in encode(group.map { ($0.address, $0.register) }) {
                post(.registers(part), to: .member(owner), in: &turn)
            }
        }
    }

    /// Looks whether enough is known to take part.
    mutating func introduce(in turn: inout Turn) {
        if ownership.introduce(by: roster, at: turn.now) { markAll() }
    }

    // MARK: An absence

    /// This daemon did not run for so long: whatever it believes of its addresses may be over.
    mutating func noticeAbsence(of duration: Duration, in turn: inout Turn) {
        guard duration > Self.absence else { return }
        // What it inherited is answered for before it is known who has registers.
        let mayHaveLost =
            ownership.isIntroduced ? roster.hasRegistrars(besides: settings.nodeName) : gossip.knowsOthers
        if mayHaveLost { beAbsent(in: &turn) }
    }

    /// An interface is there that was not: while it was away, others may have taken over what is answered for by it.
    mutating func noticeReturn(in turn: inout Turn) {
        guard takesPart, gossip.knowsOthers else { return }
        isolation.linkIsBack(at: turn.now)
        beAbsent(in: &turn)
    }

    mutating func beAbsent(in turn: inout Turn) {
        guard !faults.contains(.ignoresAbsence) else { return }
        if ownership.absentUntil == nil { turn.emit(.answer(false)) }
        ownership.beAbsent(at: turn.now)
        post(.wanted(question: ownership.question), to: .group, in: &turn)
    }

    /// Whether there is somebody, for all that is known, who would tell this node what has become of its addresses. A switch,
    /// or this node's own kernel, may carry nothing for a while after the cable is back, in one direction or both.
    private var mayBeAnswered: Bool {
        let isInCompany = gossip.hearsOthers && roster.hasRegistrars(besides: settings.nodeName)
        return isolation.isInDoubt || isInCompany && !isolation.isAlone
    }

    private mutating func endAbsence(in turn: inout Turn) {
        ownership.endAbsence()
        markAll()
        // What others have taken meanwhile is given up first.
        announce(in: &turn)
        guard !isolation.isCutOff else { return }
        turn.emit(.answer(true))
        announceAll(in: &turn)
    }

    /// Looks at what waits for time to pass.
    mutating func recheck(in turn: inout Turn) {
        if let until = ownership.absentUntil, until <= turn.now,
            !mayBeAnswered || !ownership.prolongAbsence(at: turn.now)
        {
            endAbsence(in: &turn)
        }
        introduce(in: &turn)
        if ownership.isToAsk(at: turn.now) { post(.wanted(question: ownership.question), to: .group, in: &turn) }
        markAll()
    }

    // MARK: What this node tells

    /// Tells the others what this node has taken, and what it knows, where that has changed.
    mutating func tellOwnership(in turn: inout Turn) {
        for part in encode(ownership.takeClaims()) { post(.registers(part), to: .group, in: &turn) }
        let registers = ownership.registers
        let own = ToldOwnership.Own(
            count: announcer.current.count, digest: registers.digests[settings.nodeName] ?? 0)
        if own != told.own {
            told.own = own
            turn.emit(.heartbeat(.claims(count: own.count, digest: own.digest)))
        }
        if told.version != registers.version {
            told.version = registers.version
            turn.emit(.heartbeat(.digests(registers.digests)))
            told.stateDue = told.stateDue ?? turn.now.advanced(by: ToldOwnership.statePeriod)
        }
        guard let due = told.stateDue, due <= turn.now else { return }
        told.stateDue = nil
        let state = Registers.encode(registers.all, maximumBytes: .max).flatMap { $0 }
        turn.emit(.gossip(.userState(Self.stateMark + state)))
    }

    private func encode(_ entries: Registers.Entries) -> [[UInt8]] {
        Registers.encode(entries, maximumBytes: DirectMessage.maximumRegisterBytes)
    }

    func post(_ body: DirectMessage.Body, to recipient: Recipient, in turn: inout Turn) {
        turn.emit(.post(DirectMessage(sender: settings.nodeName, body).bytes, to: recipient))
    }
}

/// What has been told about who answers for what, so that only changes are.
struct ToldOwnership {
    /// The whole state is made anew so often at most.
    static let statePeriod = Duration.milliseconds(500)

    /// What this node answers for.
    struct Own: Hashable {
        var count = 0
        var digest: UInt64 = 0
    }

    /// A node that has told its registers, and nothing new, is not asked for them again before.
    static let fruitlessPause = Duration.milliseconds(300)

    var own = Own()
    var version = -1
    /// When nodes told their registers, of those from whom nothing new has come since.
    var fruitless: [String: Instant] = [:]
    /// When the whole state is to be told.
    var stateDue: Instant? = .zero

    var nextDeadline: Instant? { stateDue }
}
