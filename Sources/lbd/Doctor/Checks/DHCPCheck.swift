import Balancer
import DHCP
import Wire

/// Whether DHCP servers would hand out addresses of the pools.
enum DHCPCheck {
    /// What somebody is called who has an Ethernet address.
    typealias Naming = (MACAddress) -> String

    /// `names` are those of the interfaces that were asked on, by index.
    static func findings(
        _ result: Surveyor.Result, names: [UInt32: String], pools: [Pool], naming: Naming
    ) -> [Finding] {
        var findings: [Finding] = []
        for index in names.keys.sorted() {
            let name = names[index] ?? ""
            if result.unasked.contains(index) {
                let reason = result.error.map { ": \($0)" } ?? ""
                findings.append(
                    .unknown(.dhcp, "nobody was asked on \(name)\(reason)", advice: "Run lbd doctor as root."))
                continue
            }
            let offers = result.offers.filter { $0.interfaceIndex == index }
            guard !offers.isEmpty else {
                findings.append(
                    .fine(.dhcp, "no DHCP server answers on \(name): what it may hand out is not known"))
                continue
            }
            let servers = Dictionary(grouping: offers, by: \.server).sorted { $0.key < $1.key }
            for (server, offers) in servers {
                findings += self.findings(server, offers, on: name, pools, naming)
            }
            if servers.count > 1 {
                findings.append(
                    .hint(
                        .dhcp, "\(servers.count) DHCP servers answer on \(name)",
                        advice: "See that they do not hand out the same addresses; a home network needs one."))
            }
        }
        return findings
    }

    private static func findings(
        _ server: IPv4Address, _ offers: [Offer], on name: String, _ pools: [Pool], _ naming: Naming
    ) -> [Finding] {
        let addresses = Set(offers.map(\.address)).sorted()
        let stations = Set(offers.map(\.station)).sorted().map(naming).joined(separator: ", ")
        let who = "the DHCP server \(server) (\(stations)) on \(name)"
        guard let first = addresses.first, let last = addresses.last else { return [] }
        let inside = pools.compactMap { pool -> Finding? in
            let taken = addresses.filter { pool.contains(.v4($0)) }
            guard !taken.isEmpty else { return nil }
            return .error(
                .dhcp, "\(who) would hand out \(listed(taken)) in the pool \"\(pool.name)\"",
                advice: "Shrink the range that the server hands out, or the pool, so that they share no address. "
                    + "The range is in the router's settings, under DHCP; leases in the pool must run out first.")
        }
        guard inside.isEmpty else { return inside }
        let between = pools.filter { pool in
            pool.ranges.contains { $0.last >= .v4(first) && $0.first <= .v4(last) }
        }
        if !between.isEmpty {
            return between.map { pool in
                .warning(
                    .dhcp, "\(who) would hand out \(listed(addresses)) on both sides of the pool \"\(pool.name)\"",
                    advice: "See in the router's settings that the range which it hands out leaves out the pool.")
            }
        }
        return [.fine(.dhcp, "\(who) would hand out \(listed(addresses)) in no pool")]
    }

    /// Such as `192.168.2.60, 192.168.2.61, which are`.
    private static func listed(_ addresses: [IPv4Address]) -> String {
        addresses.map(\.description).joined(separator: ", ") + ", which \(addresses.count == 1 ? "is" : "are")"
    }
}
