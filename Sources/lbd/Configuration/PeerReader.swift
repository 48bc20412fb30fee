import BGP
import Balancer
import Wire

/// Reads `peers`: the BGP routers.
extension PoolsReader {
    private static let peerKeys = [
        "my-asn", "peer-asn", "peer-address", "peer-port", "hold-time", "router-id", "node-selectors", "password",
        "source-address", "ttl-security-hops", "passive", "graceful-restart", "bfd",
    ]

    /// The routers; two that are the same in all are a mistake, as they were to MetalLB.
    mutating func peers(_ root: Section) -> [Peer] {
        var lines: [Peer: Int] = [:]
        return root.items("peers", &diagnostics).compactMap { node in
            guard let peer = peer(node) else { return nil }
            if let line = lines[peer] {
                diagnostics.error("this peer is the same as the one at line \(line): remove one", at: node.location)
            } else {
                lines[peer] = node.location.line
            }
            return peer
        }
    }

    private mutating func peer(_ node: YAML.Node) -> Peer? {
        guard !node.isNull else {
            diagnostics.error(
                "this peer is empty: give it my-asn, peer-asn and peer-address, or remove the \"-\"", at: node.location)
            return nil
        }
        guard let section = Section(node, "the peer", keys: Self.peerKeys, &diagnostics) else { return nil }
        let localASN = asn("my-asn", section)
        let peerASN = asn("peer-asn", section)
        let address = peerAddress(section)
        let port = section.integer("peer-port", in: 1...65535, &diagnostics)
        let holdTime = holdTimeSeconds(section)
        let selectors = section.items("node-selectors", &diagnostics).compactMap { nodeSelector($0) }
        let password = self.password(section)
        let source = sourceAddress(section, towards: address)
        let hops = section.integer("ttl-security-hops", in: 1...254, &diagnostics)
        let isPassive = section.boolean("passive", &diagnostics)
        let restart = self.restart(section)
        let bfd = section["bfd"].flatMap { self.bfd($0) }
        let routerID = self.routerID(section)
        guard let localASN, let peerASN, let address else { return nil }
        return Peer(
            localASN: localASN, peerASN: peerASN, address: address, port: port.map { UInt16($0) } ?? Way.defaultPort,
            holdTimeSeconds: holdTime ?? 90, routerID: routerID, nodeSelectors: selectors, password: password,
            sourceAddress: source, securityHops: hops, isPassive: isPassive ?? false, restart: restart, bfd: bfd)
    }

    private mutating func asn(_ key: String, _ section: Section) -> UInt32? {
        guard section[key] != nil else {
            section.missing(key, "add \"\(key): NUMBER\"", &diagnostics)
            return nil
        }
        return section.integer(key, in: 1...Int(UInt32.max), &diagnostics).map { UInt32($0) }
    }

    private mutating func peerAddress(_ section: Section) -> IPAddress? {
        guard let node = section["peer-address"] else {
            section.missing("peer-address", "add the router's IP address", &diagnostics)
            return nil
        }
        guard let text = node.text("peer-address", &diagnostics) else { return nil }
        guard let address = IPAddress(text) else {
            diagnostics.error("peer-address must be an IP address, not \(quoted(text))", at: node.location)
            return nil
        }
        return address
    }

    private mutating func password(_ section: Section) -> String {
        guard let node = section["password"], let text = node.text("password", &diagnostics) else { return "" }
        if text.utf8.count > Way.longestKeyBytes {
            diagnostics.error(
                "the password is longer than the \(Way.longestKeyBytes) bytes that TCP MD5 takes: shorten it, on the "
                    + "router as well", at: node.location)
        }
        return text
    }

    private mutating func sourceAddress(_ section: Section, towards peer: IPAddress?) -> IPAddress? {
        guard let node = section["source-address"], let text = node.text("source-address", &diagnostics) else {
            return nil
        }
        guard let address = IPAddress(text), peer.map({ $0.family == address.family }) ?? true else {
            diagnostics.error(
                "source-address must be an IP address of the same family as peer-address, not \(quoted(text))",
                at: node.location)
            return nil
        }
        return address
    }

    private mutating func bfd(_ node: YAML.Node) -> BFD.Settings? {
        let keys = ["transmit-interval", "receive-interval", "detect-multiplier", "hops", "password", "key-id"]
        guard let section = Section(node, "bfd", keys: keys, &diagnostics) else { return nil }
        var settings = BFD.Settings()
        if let interval = interval("transmit-interval", section) { settings.transmitInterval = interval }
        if let interval = interval("receive-interval", section) { settings.receiveInterval = interval }
        if let multiplier = section.integer("detect-multiplier", in: 1...255, &diagnostics) {
            settings.detectMultiplier = UInt8(multiplier)
        }
        if let hops = section.integer("hops", in: 1...254, &diagnostics) {
            settings.minimumHopLimit = UInt8(256 - hops)
        }
        settings.authentication = authentication(section)
        return settings
    }

    private mutating func authentication(_ section: Section) -> BFD.Authentication? {
        let keyID = section.integer("key-id", in: 0...255, &diagnostics)
        guard let node = section["password"] else {
            if section["key-id"] != nil { section.missing("password", "add it, or remove key-id", &diagnostics) }
            return nil
        }
        guard let text = node.text("password", &diagnostics) else { return nil }
        guard (1...BFD.Authentication.longestKeyBytes).contains(text.utf8.count) else {
            diagnostics.error(
                "the password of bfd must have 1 to \(BFD.Authentication.longestKeyBytes) bytes, not \(text.utf8.count)",
                at: node.location)
            return nil
        }
        return BFD.Authentication(keyID: UInt8(keyID ?? 1), key: text.utf8, isMeticulous: true)
    }

    /// What the router is asked to do while lbd restarts.
    private mutating func restart(_ peer: Section) -> BGP.Settings.Restart? {
        var restart = BGP.Settings.Restart()
        let keys = ["enabled", "restart-time", "long-lived-stale-time"]
        guard let section = peer.section("graceful-restart", keys: keys, &diagnostics) else { return restart }
        if let seconds = seconds("restart-time", section, in: 1...4095) { restart.restartTimeSeconds = UInt16(seconds) }
        // 24 bits (RFC 9494 section 4.1).
        if let seconds = seconds("long-lived-stale-time", section, in: 1...0xFF_FFFF) {
            restart.longLivedStaleTimeSeconds = UInt32(seconds)
        }
        return section.boolean("enabled", &diagnostics) ?? true ? restart : nil
    }

    private mutating func seconds(_ key: String, _ section: Section, in range: ClosedRange<Int64>) -> Int64? {
        guard let node = section[key], let text = node.text(key, &diagnostics) else { return nil }
        let second: Int64 = 1_000_000_000
        guard let nanoseconds = GoDuration.nanoseconds(text), nanoseconds % second == 0,
            range.contains(nanoseconds / second)
        else {
            diagnostics.error(
                "\(key) must be a duration from \(range.lowerBound)s to \(range.upperBound)s in whole seconds, not "
                    + "\(quoted(text))", at: node.location)
            return nil
        }
        return nanoseconds / second
    }

    /// One of BFD's intervals. Shorter ones than 10 ms would cost a Raspberry Pi more than they are worth.
    private mutating func interval(_ key: String, _ section: Section) -> Duration? {
        guard let node = section[key], let text = node.text(key, &diagnostics) else { return nil }
        let bounds: ClosedRange<Int64> = 10_000_000...60_000_000_000
        guard let nanoseconds = GoDuration.nanoseconds(text), bounds.contains(nanoseconds) else {
            diagnostics.error("\(key) must be a duration from 10ms to 60s, not \(quoted(text))", at: node.location)
            return nil
        }
        return .nanoseconds(nanoseconds)
    }

    private mutating func routerID(_ section: Section) -> IPv4Address? {
        guard let node = section["router-id"], let text = node.text("router-id", &diagnostics), text != "" else {
            return nil
        }
        guard let address = IPv4Address(text) else {
            diagnostics.error("router-id must be an IPv4 address, not \(quoted(text))", at: node.location)
            return nil
        }
        return address
    }

    private mutating func holdTimeSeconds(_ section: Section) -> UInt16? {
        guard let node = section["hold-time"], let text = node.text("hold-time", &diagnostics), text != "" else {
            return nil
        }
        let right = "write 0s, or 3s to 18h12m15s in whole seconds, such as 90s or 1m30s"
        guard let nanoseconds = GoDuration.nanoseconds(text) else {
            diagnostics.error("hold-time must be a duration, not \(quoted(text)): \(right)", at: node.location)
            return nil
        }
        let seconds = nanoseconds / 1_000_000_000
        guard nanoseconds % 1_000_000_000 == 0, seconds == 0 || (3...65535).contains(seconds) else {
            diagnostics.error("hold-time \(quoted(text)) is out of bounds: \(right)", at: node.location)
            return nil
        }
        return UInt16(seconds)
    }

    private mutating func nodeSelector(_ node: YAML.Node) -> NodeSelector? {
        let keys = ["match-labels", "match-expressions"]
        guard !node.isNull else { return NodeSelector(requirements: []) }
        guard let section = Section(node, "the node selector", keys: keys, &diagnostics) else { return nil }
        var requirements: [NodeSelector.Requirement] = []
        if let labels = section["match-labels"] {
            guard case .mapping(let entries) = labels.content else {
                diagnostics.error("match-labels must be a mapping of labels to values", at: labels.location)
                return nil
            }
            for entry in entries.sorted(by: { $0.key < $1.key }) {
                let value = entry.value.isNull ? "" : entry.value.text("the label \(entry.key)", &diagnostics) ?? ""
                requirements.append(.init(key: entry.key, comparison: .isIn, values: [value]))
            }
        }
        requirements += section.items("match-expressions", &diagnostics).compactMap { requirement($0) }
        return NodeSelector(requirements: requirements)
    }

    private mutating func requirement(_ node: YAML.Node) -> NodeSelector.Requirement? {
        let keys = ["key", "operator", "values"]
        guard let section = Section(node, "the expression", keys: keys, &diagnostics) else { return nil }
        guard section["key"] != nil, let operatorNode = section["operator"] else {
            diagnostics.error("the expression needs key and operator", at: section.location)
            return nil
        }
        let values = section.items("values", &diagnostics).compactMap { $0.text("a value", &diagnostics) }
        guard let key = section.text("key", &diagnostics),
            let name = operatorNode.text("operator", &diagnostics)
        else { return nil }
        guard let comparison = NodeSelector.Operator(rawValue: name) else {
            let known = NodeSelector.Operator.allCases.map(\.rawValue).joined(separator: ", ")
            diagnostics.error("operator must be one of \(known), not \(quoted(name))", at: operatorNode.location)
            return nil
        }
        let takesValues = comparison == .isIn || comparison == .notIn
        guard takesValues != values.isEmpty else {
            let rule = takesValues ? "needs at least one of values" : "takes no values"
            diagnostics.error("the operator \(name) \(rule)", at: section.location(of: "values"))
            return nil
        }
        return NodeSelector.Requirement(key: key, comparison: comparison, values: values)
    }
}

/// Durations as Go writes them: `90s`, `1m30s`, `1.5h`.
enum GoDuration {
    /// The nanoseconds of `text`, from 0 to 292 years; nil for anything else.
    static func nanoseconds(_ text: String) -> Int64? {
        guard text != "0" else { return 0 }
        let units: [(String, Double)] = [
            ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10), ("h", 3.6e12),
        ]
        var rest = text[...]
        guard !rest.isEmpty else { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0 == "." || ("0"..."9").contains($0) }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0 != "." && !("0"..."9").contains($0) }
            rest = rest.dropFirst(unit.count)
            guard let number = Double(digits), let scale = units.first(where: { $0.0 == unit })?.1 else { return nil }
            total += number * scale
        }
        return total < 9e18 ? Int64(total.rounded()) : nil
    }
}
