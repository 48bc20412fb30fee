import Balancer
import Wire

/// What `lbd status` prints for people: plain text of at most 100 columns, where the names allow.
enum StatusTable {
    /// The whole text. `describing` says who has an Ethernet address.
    static func text(of status: NodeStatus, describing: (MACAddress) -> String = { $0.description }) -> String {
        let parts = [
            head(status), problems(status), services(status), pools(status, describing), members(status), peers(status),
            gossip(status), lastError(status),
        ]
        return parts.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
    }

    private static func head(_ status: NodeStatus) -> [String] {
        let alive = status.members.count { $0.isAlive }
        let leader = status.leader.map { "\(printable($0)) leads" } ?? "nobody leads"
        return [
            "lbd \(printable(status.version)) on \(printable(status.node)); \(leader); "
                + "\(alive) of \(count(status.members.count, "node")) alive" + placement(status.placement)
        ]
    }

    private static func placement(_ placement: NodeStatus.Placement?) -> String {
        guard let placement else { return "" }
        let many = placement.addresses.count
        return "; bears \(many) address\(many == 1 ? "" : "es") (\(printable(placement.mode)))"
    }

    private static func problems(_ status: NodeStatus) -> [String] {
        status.problems.flatMap { TextTable.wrapped("Problem: \(printable($0))") }
    }

    private static func services(_ status: NodeStatus) -> [String] {
        guard !status.services.isEmpty else { return ["No Service of type LoadBalancer is known."] }
        var table = TextTable(columns: [
            .init(title: "SERVICE"), .init(title: "ADDRESS"), .init(title: "OWNER"), .init(title: "ON"),
            .init(title: "FOR", isRightAligned: true), .init(title: "READY", isRightAligned: true),
        ])
        for service in status.services {
            let addresses = service.addresses
            let cells = [
                [printable("\(service.namespace)/\(service.name)")],
                addresses.isEmpty ? ["none"] : addresses.map { printable($0.address) },
                addresses.map(owner),
                addresses.map { printable($0.interfaces.joined(separator: ",")) },
                addresses.map { $0.announcedSeconds.map(age) ?? "" },
                ["\(service.readyEndpoints)"],
            ]
            table.rows.append(.init(cells: cells, remark: service.problem.map(printable)))
        }
        return table.lines
    }

    /// Who serves an address.
    private static func owner(of address: Overview.Address) -> String {
        let nodes = address.owner.map { [$0] } ?? address.advertisers
        return nodes.count > 1 ? "\(nodes.count) nodes" : printable(nodes.first ?? "nobody")
    }

    private static func pools(_ status: NodeStatus, _ describing: (MACAddress) -> String) -> [String] {
        guard !status.pools.isEmpty else { return [] }
        var table = TextTable(columns: [
            .init(title: "POOL"), .init(title: "PROTOCOL"), .init(title: "USED", isRightAligned: true),
            .init(title: "FREE", isRightAligned: true), .init(title: "ADDRESSES"),
        ])
        for pool in status.pools {
            let conflicts = pool.conflicts.map { conflict in
                let station = MACAddress(conflict.station).map(describing) ?? conflict.station
                return "\(printable(conflict.address)) (\(printable(station)))"
            }
            let remarks =
                (pool.autoAssign ? [] : ["only for Services that ask for it"])
                + (conflicts.isEmpty ? [] : ["other hosts use \(conflicts.joined(separator: ", "))"])
            let remark = remarks.isEmpty ? nil : remarks.joined(separator: "; ")
            let cells = [
                [printable(pool.name)], [printable(pool.protocol)], ["\(pool.used)"], [many(pool.free)],
                pool.addresses.map(printable),
            ]
            table.rows.append(.init(cells: cells, remark: remark))
        }
        return table.lines
    }

    private static func members(_ status: NodeStatus) -> [String] {
        guard !status.members.isEmpty else { return [] }
        var table = TextTable(columns: [.init(title: "NODE"), .init(title: "LBD"), .init(title: "ADDRESSES")])
        for member in status.members {
            let cells = [
                [printable(member.name)], [member.isAlive ? "alive" : "dead"], member.addresses.map(printable),
            ]
            table.rows.append(.init(cells: cells, remark: member.problem.map(printable)))
        }
        return table.lines
    }

    private static func peers(_ status: NodeStatus) -> [String] {
        guard !status.peers.isEmpty else { return [] }
        var table = TextTable(columns: [
            .init(title: "ROUTER"), .init(title: "AS", isRightAligned: true), .init(title: "BGP"), .init(title: "BFD"),
            .init(title: "FOR", isRightAligned: true), .init(title: "ROUTES", isRightAligned: true),
        ])
        for peer in status.peers {
            // Without capabilities there is no session, and the last error says why.
            let remark = peer.capabilities.isEmpty ? peer.lastError : peer.capabilities.joined(separator: ", ")
            let cells = [
                [printable(peer.address)], ["\(peer.asn)"], [printable(peer.state)], [printable(peer.bfd ?? "")],
                [age(peer.seconds)],
                ["\(peer.announced)/\(peer.wanted)"],
            ]
            table.rows.append(.init(cells: cells, remark: remark.map(printable)))
        }
        return table.lines
    }

    private static func gossip(_ status: NodeStatus) -> [String] {
        guard !status.gossip.isEmpty else { return [] }
        var table = TextTable(columns: [
            .init(title: "MEMBER"), .init(title: "GOSSIP"), .init(title: "FOR", isRightAligned: true),
            .init(title: "AT"),
        ])
        for member in status.gossip {
            let cells = [member.name, member.status, age(member.seconds), member.address]
            let remark = member.stretch.map {
                "slow, or its link loses packets: it is given \($0) times the usual time"
            }
            table.rows.append(.init(cells: cells.map { [printable($0)] }, remark: remark))
        }
        return table.lines
    }

    private static func lastError(_ status: NodeStatus) -> [String] {
        // A problem that lasts stands above already.
        guard let error = status.lastError, !status.problems.contains(error.message) else { return [] }
        let text = "Last error, \(age(error.secondsAgo)) ago: \(printable(error.message))"
        return TextTable.wrapped(text)
    }

    /// A time span in its largest unit, rounded down.
    static func age(_ seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7_200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3_600) h"
        default: "\(seconds / 86_400) d"
        }
    }

    private static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    /// A number that a person would read.
    private static func many(_ number: Int) -> String {
        number < 1_000_000_000 ? "\(number)" : "> 10^9"
    }
}
