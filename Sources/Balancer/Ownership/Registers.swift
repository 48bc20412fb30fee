import Wire

/// The register of each address, as far as this daemon knows, and for each node a digest of what it owns, by which two
/// daemons find out that they know different things.
struct Registers: Hashable {
    /// What comes to be known beyond these is not kept; lbd serves half as many addresses.
    static let limit = 20_000

    private(set) var entries: [IPAddress: Register] = [:]
    /// What each node owns: its registers' digests, added up without carry.
    private(set) var digests: [String: UInt64] = [:]
    /// Counts the changes.
    private(set) var version = 0
    private let faults: Fault

    init(faults: Fault = []) {
        self.faults = faults
    }

    subscript(address: IPAddress) -> Register? { entries[address] }

    /// What became of a register that was told.
    enum Merge: Hashable {
        /// It holds from now on.
        case adopted
        /// It held already, or there is no room for it.
        case unchanged
        /// This one holds against it.
        case outdated(by: Register)
    }

    /// Takes what another daemon tells of `address`.
    mutating func merge(_ register: Register, at address: IPAddress) -> Merge {
        guard let known = entries[address] else {
            guard entries.count < Self.limit else { return .unchanged }
            set(register, at: address)
            return .adopted
        }
        if register == known { return .unchanged }
        guard register.prevails(over: known, at: address, faults) else { return .outdated(by: known) }
        set(register, at: address)
        return .adopted
    }

    /// Writes down that `owner` takes `address`, after all who did before.
    mutating func claim(_ address: IPAddress, for owner: String) {
        guard let known = entries[address] else {
            if entries.count < Self.limit { set(Register(epoch: 1, owner: owner), at: address) }
            return
        }
        let epoch = faults.contains(.keepsEpoch) ? known.epoch : min(known.epoch + 1, Register.maximumEpoch)
        set(Register(epoch: epoch, owner: owner), at: address)
    }

    /// Makes room, where there is none any more, by forgetting addresses that are not `used`.
    mutating func makeRoom(used: (IPAddress) -> Bool) {
        guard entries.count >= Self.limit else { return }
        for (address, register) in entries where !used(address) {
            toggle(register, at: address)
            entries[address] = nil
        }
        version += 1
    }

    private mutating func set(_ register: Register, at address: IPAddress) {
        if let old = entries[address] { toggle(old, at: address) }
        toggle(register, at: address)
        entries[address] = register
        version += 1
    }

    /// Adds a register to its owner's digest, or takes it out again.
    private mutating func toggle(_ register: Register, at address: IPAddress) {
        let digest = (digests[register.owner] ?? 0) ^ Self.digest(register, at: address)
        digests[register.owner] = digest == 0 ? nil : digest
    }

    /// The three numbers, well mixed (the finalizer of MurmurHash3): nobody is to be kept from finding an equal one.
    private static func digest(_ register: Register, at address: IPAddress) -> UInt64 {
        let raw = address.rawValue
        let parts = [UInt64(truncatingIfNeeded: raw), UInt64(truncatingIfNeeded: raw >> 64), register.epoch]
        return parts.reduce(0x9E37_79B9_7F4A_7C15) { state, part in
            var mixed = state ^ part
            mixed = (mixed ^ (mixed >> 33)) &* 0xFF51_AFD7_ED55_8CCD
            mixed = (mixed ^ (mixed >> 33)) &* 0xC4CE_B9FE_1A85_EC53
            return mixed ^ (mixed >> 33)
        }
    }
}
