import KubeWatch
import Wire

/// Which pools are in force. The ConfigMap rules while it exists; else `pools.yaml` does, which is also what serves before
/// the API server has been heard from. What would take an address from a Service that has it is refused as a whole.
struct Configuration {
    /// A configuration that was read and is valid in itself.
    private struct Candidate: Hashable {
        var pools: Pools
        var source: PoolsSource
    }

    /// What became of a candidate.
    enum Verdict: Hashable {
        /// It is in force; `mirror` is the text to put into `pools.yaml`.
        case adopted(mirror: String?)
        /// Nothing changes.
        case unchanged
        /// It would take an address from a Service, or there is an objection.
        case refused(problem: String)
    }

    /// The pools in force, as the networks of this node have them.
    private(set) var pools: Pools?
    /// The same as they were written.
    private var written: Pools?
    private var prefixes: [GlobalPrefix] = []
    private var mirroredText: String?
    private(set) var configMap: ObjectMeta?
    /// What waits: for the list of Services, for `blocker` to give up its address, or for another network.
    private var candidate: Candidate?
    private(set) var blocker: ObjectKey?
    /// Why the newest configuration is not in force.
    private(set) var problem: String?

    /// Takes a configuration that was read. Returns whether it is to be considered now.
    mutating func read(_ pools: Pools, from source: PoolsSource) -> Bool {
        switch source {
        case .file: guard configMap == nil else { return false }
        case .configMap(let metadata, _): configMap = metadata
        }
        candidate = Candidate(pools: pools, source: source)
        blocker = nil
        return true
    }

    /// Takes the news that a configuration is not valid. Returns whether that is a problem: a bad file is none while the
    /// ConfigMap rules.
    mutating func refuse(_ problem: String, from source: PoolsSource) -> Bool {
        switch source {
        case .file: guard configMap == nil else { return false }
        case .configMap(let metadata, _): configMap = metadata
        }
        candidate = nil
        blocker = nil
        self.problem = problem
        return true
    }

    /// The ConfigMap is gone: what is in force stays, and the file's changes count again.
    mutating func configMapVanished() {
        configMap = nil
        mirroredText = nil
        guard case .configMap = candidate?.source else {
            if candidate == nil { problem = nil }
            return
        }
        candidate = nil
        blocker = nil
        problem = nil
    }

    /// Takes the networks that this node is in. Returns whether that changes the pools.
    mutating func follow(_ prefixes: [GlobalPrefix]) -> Bool {
        self.prefixes = prefixes
        let new = written?.resolved(by: prefixes)
        defer { pools = new }
        return new != pools
    }

    /// Whether there is something to decide about.
    var hasCandidate: Bool { candidate != nil }

    /// Decides about what was read. `services` are those that are ours; nil until they have been listed. `objection` says why
    /// other pools are not to be in force.
    mutating func consider(services: [Service]?, objecting objection: (Pools) -> String?) -> Verdict {
        guard let candidate else { return .unchanged }
        let new = candidate.pools.resolved(by: prefixes)
        if let pools, written != candidate.pools {
            if case .configMap = candidate.source, services == nil { return .unchanged }
            if let orphan = Self.firstOrphan(of: services ?? [], from: pools, to: new) {
                blocker = orphan.service
                return refuse("\(orphan.address) of the Service \"\(orphan.service)\" would be in no pool any more")
            }
        }
        let isNew = written != candidate.pools
        if isNew, let problem = objection(new) { return refuse(problem) }
        written = candidate.pools
        pools = new
        self.candidate = nil
        blocker = nil
        problem = nil
        let mirror = textToMirror(candidate)
        return isNew || mirror != nil ? .adopted(mirror: mirror) : .unchanged
    }

    /// The candidate waits.
    private mutating func refuse(_ problem: String) -> Verdict {
        guard problem != self.problem else { return .unchanged }
        self.problem = problem
        return .refused(problem: problem)
    }

    /// The first Service by name that would lose its address.
    private static func firstOrphan(
        of services: [Service], from old: Pools, to new: Pools
    ) -> (service: ObjectKey, address: IPAddress)? {
        services.compactMap { service -> (service: ObjectKey, address: IPAddress)? in
            let held = Standing(of: service, in: old).addresses
            return held.first { new.pool(holding: $0) == nil }.map { (service.metadata.key, $0) }
        }.min { $0.service < $1.service }
    }

    /// The ConfigMap's text, once for each new one. Whether the file holds it already is the Shell's to see.
    private mutating func textToMirror(_ accepted: Candidate) -> String? {
        guard case .configMap(_, let text) = accepted.source, text != mirroredText else { return nil }
        mirroredText = text
        return text
    }
}
