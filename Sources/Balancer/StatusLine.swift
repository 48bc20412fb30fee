import Wire

/// The line of `systemctl status`: what is missing and what to do about it, then what is there.
struct StatusLine: Hashable {
    private static let poolLimit = 3

    /// One pool's share of the line.
    struct PoolUse: Hashable {
        var name: String
        var used: Int
        var total: UInt128
    }

    /// Sentences on what is wrong, the worst first.
    var problems: [String] = []
    var announcedCount = 0
    var serviceCount = 0
    /// The interfaces that addresses are answered on, ascending: `eth0`, or `wlan0 (WiFi)`.
    var interfaces: [String] = []
    /// In order of the configuration; nil where there is none yet.
    var pools: [PoolUse]?
    var aliveCount = 0
    /// How many BGP sessions there are to be.
    var peeringCount = 0
    /// How many of them are up.
    var upCount = 0

    /// `announcing 2 of 3 services on eth0; pool address-pool-1 3/128 used; 3 nodes alive`.
    var text: String {
        var parts = problems
        let place = interfaces.isEmpty ? "" : " on \(interfaces.joined(separator: ", "))"
        parts.append("announcing \(announcedCount) of \(serviceCount) service\(serviceCount == 1 ? "" : "s")\(place)")
        if let pools {
            let named = pools.prefix(Self.poolLimit).map { "pool \($0.name) \($0.used)/\($0.total) used" }
            let others = pools.count - named.count
            let rest = others > 0 ? " and \(others) more pool\(others == 1 ? "" : "s")" : ""
            if !named.isEmpty { parts.append(named.joined(separator: ", ") + rest) }
        }
        parts.append("\(aliveCount) node\(aliveCount == 1 ? "" : "s") alive")
        if peeringCount > 0 {
            parts.append("\(upCount) of \(peeringCount) BGP session\(peeringCount == 1 ? "" : "s") up")
        }
        return parts.joined(separator: "; ")
    }
}

extension Pool {
    /// How many addresses the pool can give away; saturates.
    var capacity: UInt128 {
        ranges.reduce(0) { sum, range in
            let (total, overflow) = sum.addingReportingOverflow(range.count - (avoidsBuggyIPs ? range.buggyCount : 0))
            return overflow ? .max : total
        }
    }
}

extension AddressRange {
    /// How many of its IPv4 addresses end in .0 or .255.
    fileprivate var buggyCount: UInt128 {
        guard family == .ipv4 else { return 0 }
        let (low, high) = (first.rawValue, last.rawValue)
        /// How many numbers up to `limit`, itself left out, end in `octet`.
        func count(below limit: UInt128, endingIn octet: UInt128) -> UInt128 {
            limit >> 8 + (limit & 255 > octet ? 1 : 0)
        }
        return [0, 255].reduce(0) { $0 + count(below: high + 1, endingIn: $1) - count(below: low, endingIn: $1) }
    }
}
