import Balancer
import Wire

/// Whether the pools go together with the networks of this node and the others.
enum PoolsCheck {
    /// The pools, as far as there are any.
    enum Source {
        /// What the file says.
        case pools(Pools)
        /// There is no file at `path`.
        case missing(path: String, configMap: String)
        /// It cannot be used; `problem` names the place.
        case refused(problem: String)

        /// The pools, if there are any.
        var pools: [Pool] {
            if case .pools(let pools) = self { pools.pools } else { [] }
        }
    }

    static func findings(_ source: Source, _ surroundings: Surroundings) -> [Finding] {
        var findings: [Finding] = []
        switch source {
        case .pools(let pools) where !pools.pools.isEmpty: break
        case .pools:
            findings.append(
                .warning(.pools, "there are no pools", advice: "Write at least one: see man lbd-pools.yaml."))
        case .missing(let path, let configMap):
            findings.append(
                .warning(
                    .pools, "there are no pools: \(path) is missing",
                    advice: "Make the ConfigMap \(configMap), or write \(path): see man lbd-pools.yaml."))
        case .refused(let problem):
            findings.append(
                .error(.pools, problem, advice: "Mend it, and see whether lbd check finds nothing any more."))
        }
        if surroundings.usable.isEmpty {
            findings.append(
                .error(
                    .pools, "no interface of this node can be answered on",
                    advice: "Plug in a cable, or see `interfaces` in lbd.yaml."))
        }
        return findings + source.pools.flatMap { self.findings($0, surroundings) }
    }

    private static func findings(_ pool: Pool, _ surroundings: Surroundings) -> [Finding] {
        var findings: [Finding] = []
        if pool.announcementProtocol == .layer2 {
            findings += pool.ranges.map { finding(about: $0, of: pool, surroundings) }
        }
        for barred in surroundings.barred(in: pool) {
            let text =
                "the pool \"\(pool.name)\" holds \(barred.address), which is \(barred.reason): no Service "
                + "gets it"
            findings.append(
                barred.isMistake
                    ? .warning(.pools, text, advice: "Take the address out of the pool.") : .fine(.pools, text))
        }
        return findings
    }

    private static func finding(about range: AddressRange, of pool: Pool, _ surroundings: Surroundings) -> Finding {
        let subject = "\(range) of the pool \"\(pool.name)\""
        let interfaces = surroundings.interfaces(for: range)
        if !interfaces.isEmpty {
            let names = interfaces.map(\.interface.name).joined(separator: ", ")
            return .fine(.pools, "\(subject) is answered for on \(names)")
        }
        if let (link, reason) = surroundings.unused(near: range).first {
            return .error(
                .pools,
                "\(subject) is in the network of \(link.interface.name), on which nothing is answered: it \(reason)",
                advice: reason.contains("part of")
                    ? "Give the address to the interface that it is a part of."
                    : "Bring the interface up, or let `interfaces` in lbd.yaml include it.")
        }
        if surroundings.isElsewhere(range) {
            return .hint(
                .pools, "\(subject) is in no network of this node: other nodes answer for it",
                advice: "Give this node an address of that network where it is to answer too.")
        }
        return .error(
            .pools, "no node that is known has an address in the network of \(subject): nobody can answer for it",
            advice: "Choose addresses of the nodes' network, or name an interface: `interfaces.include` in lbd.yaml.")
    }
}
