import Wire

/// Who answers for each address: what the registers say, and what follows from them for this node.
///
/// An owner that can answer keeps its address. One that nobody has is taken by the first node in the address's order, and
/// where that does not come forward, by the next. Where a voter cannot hear of registers, as a speaker of MetalLB's, the
/// order alone decides, for all.
struct Ownership {
    /// How much longer than the node before it each next one in the order waits before it takes what nobody has.
    private static let turnPeriod = Duration.milliseconds(300)
    /// For so long is an address answered for on, after the election went against this node, until another has taken it.
    private static let letGoLimit = Duration.seconds(1)
    /// A daemon that has just begun answers for nothing new before it was told who has what, or so much time is over: then the
    /// others have seen by its Lease that it lives, though the gossip does not reach it.
    private static let introductionLimit = Duration.seconds(12)
    /// Where it was told, and there are daemons that it has not met yet, as after a restart of all: then sooner.
    private static let meetingLimit = Duration.seconds(2)
    /// How often it asks meanwhile.
    private static let introductionPeriod = Duration.milliseconds(300)
    /// A daemon that was stopped or starved, or off the LAN, answers nothing before it was told the same, or so much time is over.
    private static let absenceLimit = Duration.seconds(1)
    /// It waits for so long where there are others to tell it: what it sends may not reach them yet.
    private static let unansweredLimit = Duration.seconds(10)
    /// Where addresses go back to the node that is theirs by order, that happens once it has been there for so long, and
    /// to each address once in so long.
    private static let failbackDelay = Duration.seconds(30)
    /// An address that others say is free is left alone for so long at least, until the API server has told this node too.
    private static let freedLimit = Duration.seconds(3)
    /// How often it is looked whether another host still uses an address that was withdrawn.
    private static let lookPeriod = Duration.seconds(300)

    private let nodeName: String
    private let failsBack: Bool
    private let faults: Fault
    private(set) var registers: Registers
    /// The addresses that could be answered for and are not, and since when.
    private var vacantSince: [IPAddress: Instant] = [:]
    /// The addresses that are only answered for until then.
    private var keptUntil: [IPAddress: Instant] = [:]
    /// When this node took each address last. Two that do not see each other, and hear each other's claims, would take it from
    /// one another for ever, as fast as the network is.
    private var claimedAt: [IPAddress: Instant] = [:]
    /// Addresses that others say no Service has any more, and in whose Service this node still believes: until when they are
    /// left alone.
    private var freedUntil: [IPAddress: Instant] = [:]
    /// The addresses that this node gave up, since it is not heard to answer for them, and until when it takes them no more.
    private var renouncedUntil: [IPAddress: Instant] = [:]
    /// When it is looked whether the other host is gone, for addresses that were withdrawn and are first to be answered for here.
    private var lookAt: [IPAddress: Instant] = [:]
    /// The addresses for which that is due.
    private var looks: [IPAddress] = []
    private var failedBackAt: [IPAddress: Instant] = [:]
    private var failbackAt: Instant?
    private var recheckAt: Instant?
    /// What was taken and is yet to be told.
    private var claims: [IPAddress] = []
    private(set) var isIntroduced = false
    /// When it was introduced, or will be taken for it.
    private var introducedAt = Instant.zero
    private var begunAt: Instant?
    private var isAnswered = false
    /// Until when nothing is answered, at the latest; nil where all is.
    private(set) var absentUntil: Instant?
    private var absentSince = Instant.zero
    /// The number of what the others are asked: another one for each process, and after each absence.
    private(set) var question: UInt32
    /// Whether nothing is taken over for now: this node may be cut off.
    var isHeldBack = false

    init(nodeName: String, question: UInt32, failsBack: Bool, faults: Fault = []) {
        self.nodeName = nodeName
        self.question = question
        self.failsBack = failsBack
        self.faults = faults
        registers = Registers(faults: faults)
    }

    // MARK: What this daemon knows

    /// The daemon takes part from now on; also where it does already.
    mutating func begin(at now: Instant) {
        guard begunAt == nil else { return }
        if failsBack { failbackAt = now.advanced(by: Self.failbackDelay) }
        begunAt = now
        introducedAt = now.advanced(by: Self.introductionLimit)
        schedule(now)
    }

    /// Another daemon has told what it knows.
    mutating func hearAnswer() { isAnswered = true }

    /// Looks whether enough is known for this daemon to take part. Returns whether that is news.
    mutating func introduce(by roster: Roster, at now: Instant) -> Bool {
        guard !isIntroduced, let begunAt else { return false }
        let isPatient = isAnswered && roster.hasUnmet && now < begunAt.advanced(by: Self.meetingLimit)
        guard
            isAnswered && !isPatient || !roster.hasWitnesses(besides: nodeName) || introducedAt <= now
        else { return false }
        isIntroduced = true
        introducedAt = now
        return true
    }

    /// Whether the others are to be asked who has what; they are asked again for as long as that is not known.
    mutating func isToAsk(at now: Instant) -> Bool {
        let isBeginning = begunAt != nil && !isIntroduced
        guard let until = isBeginning ? introducedAt : absentUntil else { return false }
        schedule(min(until, now.advanced(by: Self.introductionPeriod)))
        return true
    }

    /// The daemon was stopped or starved for so long that others may have taken over.
    mutating func beAbsent(at now: Instant) {
        question &+= 1
        absentSince = now
        absentUntil = now.advanced(by: Self.absenceLimit)
        schedule(now.advanced(by: Self.introductionPeriod))
    }

    /// Nobody has answered in time, and there are others who should. Returns whether they are waited for a little longer.
    mutating func prolongAbsence(at now: Instant) -> Bool {
        guard absentSince.duration(to: now) < Self.unansweredLimit else { return false }
        absentUntil = now.advanced(by: Self.introductionPeriod)
        schedule(now.advanced(by: Self.introductionPeriod))
        return true
    }

    /// The absence ends, since another daemon has told what it knows, or its time is over.
    mutating func endAbsence() { absentUntil = nil }

    /// Takes registers that another daemon tells. Returns the addresses whose register is another now, and what there is to
    /// tell the other.
    mutating func merge(
        _ entries: Registers.Entries, at now: Instant
    ) -> (changed: [IPAddress], outdated: Registers.Entries) {
        var changed: [IPAddress] = []
        var outdated: Registers.Entries = []
        for entry in entries {
            switch registers.merge(entry.register, at: entry.address) {
            case .adopted:
                changed.append(entry.address)
                let isFree = entry.register.owner == Register.nobody
                freedUntil[entry.address] = isFree ? now.advanced(by: Self.freedLimit) : nil
            case .unchanged: break
            case .outdated(by: let known): outdated.append((entry.address, known))
            }
        }
        return (changed, outdated)
    }

    /// Takes over what the daemon before this one had.
    mutating func inherit(_ address: IPAddress, epoch: UInt64) {
        _ = registers.merge(Register(epoch: epoch, owner: nodeName), at: address)
    }

    mutating func makeRoom(used: (IPAddress) -> Bool) { registers.makeRoom(used: used) }

    /// Whether `address` is another node's by now.
    func isLost(_ address: IPAddress) -> Bool { registers[address].map { $0.owner != nodeName } ?? false }

    // MARK: What follows

    /// The node that answers for `address`, as far as that is known; nil where there is none.
    func owner(of address: IPAddress, among candidates: Candidates) -> String? {
        guard let standing = standing(of: address, among: candidates) else {
            return candidates.order(for: address).first
        }
        return standing.owner == Register.contested ? nil : standing.owner
    }

    /// The register that decides alone.
    private func standing(of address: IPAddress, among candidates: Candidates) -> Register? {
        guard candidates.haveRegisters, let register = registers[address],
            candidates.include(register.owner) || register.owner == Register.contested
        else { return nil }
        return register
    }

    /// Whether this node answers for `address`, which it does now where `isAnswering`. Takes it where nobody has it and it
    /// is this node's turn. What this node knows of Services may be old where it does not hear from the API server, so that
    /// it is not `isCurrent`.
    mutating func decide(
        _ address: IPAddress, among candidates: Candidates, isAnswering: Bool, isCurrent: Bool, at now: Instant
    ) -> Bool {
        guard isIntroduced else { return isAnswering && !isLost(address) }
        if let standing = standing(of: address, among: candidates) {
            vacantSince[address] = nil
            keptUntil[address] = nil
            // Who was away does not know yet whether what it let go of is still its own.
            if standing.owner == nodeName { return isAnswering || absentUntil == nil }
            if standing.owner == Register.contested {
                lookAgain(for: address, isFirst: candidates.order(for: address).first == nodeName, at: now)
                return false
            }
            if isAnswering, faults.contains(.neverConcedes) { return true }
            guard mayFailBack(address, among: candidates, at: now) else { return false }
            claim(address)
            return true
        }
        let order = candidates.order(for: address)
        guard let position = order.firstIndex(of: nodeName), candidates.haveRegisters || position == 0 else {
            vacantSince[address] = nil
            return letGo(address, to: order.first, among: candidates, isAnswering: isAnswering, at: now)
        }
        keptUntil[address] = nil
        if registers[address]?.owner == nodeName { return isAnswering || absentUntil == nil }
        let since = vacantSince[address] ?? now
        vacantSince[address] = since
        if !isCurrent, freedUntil[address] != nil { freedUntil[address] = now.advanced(by: Self.freedLimit) }
        // The turns begin where the waiting ends, or all would take it at once.
        let start = max(since, introducedAt, freedUntil[address] ?? since)
        let turn = start.advanced(by: Self.turnPeriod * position)
        let due = max(turn, claimedAt[address]?.advanced(by: Self.turnPeriod) ?? turn)
        if let until = renouncedUntil[address] {
            // Where there is nobody else, perhaps it is heard by now.
            guard until <= now || candidates.voters.count < 2 else {
                schedule(until)
                return false
            }
            renouncedUntil[address] = nil
        }
        guard due <= now || isAnswering && !isLost(address), absentUntil == nil, !isHeldBack else {
            schedule(max(due, absentUntil ?? due))
            // By the order alone it is this node's, whatever the register says.
            return isAnswering && !candidates.haveRegisters
        }
        vacantSince[address] = nil
        claimedAt[address] = now
        freedUntil[address] = nil
        claim(address)
        return true
    }

    /// Leaves `address` to the other nodes, until then at least.
    mutating func giveUp(_ address: IPAddress, until: Instant) {
        claim(address, for: Register.nobody)
        renouncedUntil[address] = until
    }

    /// Nobody is to answer for `address` for now: another host uses it, and goes on doing so.
    mutating func withdraw(_ address: IPAddress) { claim(address, for: Register.contested) }

    /// Whether `address` was withdrawn.
    func isWithdrawn(_ address: IPAddress) -> Bool { registers[address]?.owner == Register.contested }

    /// No other host uses `address` any more, which was withdrawn: it is answered for again.
    mutating func restore(_ address: IPAddress) {
        lookAt[address] = nil
        claim(address)
    }

    /// The first node in the order of a withdrawn address looks now and then whether it is free.
    private mutating func lookAgain(for address: IPAddress, isFirst: Bool, at now: Instant) {
        guard isFirst else {
            lookAt[address] = nil
            return
        }
        var due = lookAt[address] ?? now.advanced(by: Self.lookPeriod)
        if due <= now {
            looks.append(address)
            due = now.advanced(by: Self.lookPeriod)
        }
        lookAt[address] = due
        schedule(due)
    }

    /// The addresses that are to be looked for now.
    mutating func takeLooks() -> [IPAddress] {
        defer { looks = [] }
        return looks
    }

    /// Nobody is to answer for `address`; where it `isFree`, no Service has it any more.
    mutating func drop(_ address: IPAddress, isFree: Bool) {
        vacantSince[address] = nil
        keptUntil[address] = nil
        claimedAt[address] = nil
        freedUntil[address] = nil
        lookAt[address] = nil
        if isFree { renouncedUntil[address] = nil }
        guard isFree, let owner = registers[address]?.owner, owner == nodeName || owner == Register.contested else {
            return
        }
        claim(address, for: Register.nobody)
    }

    /// Whether `address`, which is another's now, is answered for a little longer, until that one has said that it took it.
    private mutating func letGo(
        _ address: IPAddress, to heir: String?, among candidates: Candidates, isAnswering: Bool, at now: Instant
    ) -> Bool {
        guard isAnswering, let heir, candidates.knowRegisters(heir), !isLost(address) else {
            keptUntil[address] = nil
            return false
        }
        let until = keptUntil[address] ?? now.advanced(by: Self.letGoLimit)
        keptUntil[address] = until
        schedule(until)
        return now < until
    }

    private mutating func mayFailBack(_ address: IPAddress, among candidates: Candidates, at now: Instant) -> Bool {
        guard failsBack, let failbackAt, absentUntil == nil, !isHeldBack, renouncedUntil[address] ?? now <= now,
            candidates.order(for: address).first == nodeName
        else {
            return false
        }
        let due = max(failbackAt, failedBackAt[address]?.advanced(by: Self.failbackDelay) ?? failbackAt)
        guard due <= now else {
            schedule(due)
            return false
        }
        failedBackAt[address] = now
        return true
    }

    private mutating func claim(_ address: IPAddress, for owner: String? = nil) {
        registers.claim(address, for: owner ?? nodeName)
        claims.append(address)
    }

    private mutating func schedule(_ instant: Instant) {
        recheckAt = .earlier(recheckAt, instant)
    }

    /// What was taken and has not been told yet.
    mutating func takeClaims() -> Registers.Entries {
        defer { claims = [] }
        return claims.compactMap { address in registers[address].map { (address, $0) } }
    }

    // MARK: What is due

    /// Whether it is time to look at all addresses again.
    mutating func takeRecheck(at now: Instant) -> Bool {
        guard let due = recheckAt, due <= now else { return false }
        // What else is waited for comes up again when it is looked at.
        recheckAt = absentUntil.flatMap { $0 > now ? $0 : nil }
        return true
    }

    var nextDeadline: Instant? { recheckAt }
}
