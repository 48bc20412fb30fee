import BGP
import Balancer
import Wire

/// Reads `pools.yaml` and the text of the ConfigMap's `config` key: MetalLB's configuration of the ConfigMap era, as
/// strictly as MetalLB read it.
struct PoolsReader {
    private static let rootKeys = ["address-pools", "peers", "bgp-communities"]
    private static let poolKeys = [
        "name", "protocol", "addresses", "auto-assign", "avoid-buggy-ips", "bgp-advertisements",
    ]

    /// A range of a pool and where it was written, for telling overlaps.
    struct Placed {
        var range: AddressRange
        var text: String
        var pool: String
        var location: YAML.Location
    }

    var diagnostics: Diagnostics
    var communities: [String: Community] = [:]
    private var placed: [Placed] = []
    private var placedHosts: [Placed] = []
    private var names: [String: YAML.Location] = [:]

    /// The pools that `bytes` describe; `file` names them in mistakes.
    ///
    /// - Throws: `ConfigurationError` with all mistakes.
    static func read(_ bytes: [UInt8], file: String) throws(ConfigurationError) -> Pools {
        var reader = PoolsReader(diagnostics: Diagnostics(file: file))
        let pools = reader.pools(bytes)
        try reader.diagnostics.check()
        return pools
    }

    private init(diagnostics: Diagnostics) {
        self.diagnostics = diagnostics
    }

    private mutating func pools(_ bytes: [UInt8]) -> Pools {
        guard let root = YAML.compose(bytes, &diagnostics), !root.isNull else { return Pools() }
        if let manifest = manifest(in: root) {
            diagnostics.error(manifest.message, at: manifest.location)
            return Pools()
        }
        guard let section = Section(root, "the configuration", keys: Self.rootKeys, &diagnostics) else {
            return Pools()
        }
        // Communities first: pools refer to them by name.
        if let node = section["bgp-communities"] { readCommunities(node) }
        let pools = section.items("address-pools", &diagnostics).compactMap { pool($0) }
        let peers = self.peers(section)
        checkOverlaps(of: placed)
        checkOverlaps(of: placedHosts)
        return Pools(pools: pools, peers: peers, communities: communities)
    }

    /// What to tell, and where, if the text is the manifest of a Kubernetes object: a ConfigMap, or a resource of newer
    /// MetalLB.
    private func manifest(in root: YAML.Node) -> (message: String, location: YAML.Location)? {
        guard case .mapping(let entries) = root.content,
            let first = entries.first(where: { ["apiVersion", "kind", "data"].contains($0.key) }),
            let telling = entries.first(where: { $0.key == "kind" || $0.key == "data" })
        else { return nil }
        if telling.key == "kind", case .scalar(let kind) = telling.value.content, kind.text != "ConfigMap" {
            return (
                "this is a Kubernetes object of kind \(quoted(kind.text)): write its pool under address-pools instead, "
                    + "as in MetalLB's ConfigMap", first.keyLocation
            )
        }
        return (
            "this is a whole Kubernetes object: only the text under its key \"config\" belongs here, unindented",
            first.keyLocation
        )
    }
}

// MARK: - Pools

extension PoolsReader {
    private mutating func pool(_ node: YAML.Node) -> Pool? {
        guard !node.isNull else {
            diagnostics.error(
                "this pool is empty: give it name, protocol and addresses, or remove the \"-\"", at: node.location)
            return nil
        }
        guard let section = Section(node, "the pool", keys: Self.poolKeys, &diagnostics) else { return nil }
        let name = poolName(section)
        let announcement = announcementProtocol(section)
        let (ranges, hosts) = addresses(section, announcement, pool: name ?? "")
        let advertisements = self.advertisements(section, announcement, ranges)
        let pool = Pool(
            name: name ?? "", announcementProtocol: announcement ?? .layer2, ranges: ranges, hosts: hosts,
            isAutoAssigned: section.boolean("auto-assign", &diagnostics) ?? true,
            avoidsBuggyIPs: section.boolean("avoid-buggy-ips", &diagnostics) ?? false, advertisements: advertisements)
        // At most two addresses are all buggy: the last of one /24 and the first of the next.
        if !pool.ranges.isEmpty, hosts.isEmpty,
            pool.ranges.allSatisfy({ $0.count <= 2 && !pool.contains($0.first) && !pool.contains($0.last) })
        {
            diagnostics.error(
                "the pool has no addresses left: avoid-buggy-ips leaves out those that end in .0 or .255",
                at: section.location(of: "avoid-buggy-ips"))
        }
        return pool
    }

    private mutating func poolName(_ section: Section) -> String? {
        guard section["name"] != nil else {
            section.missing("name", "add \"name: NAME\"", &diagnostics)
            return nil
        }
        guard let name = section.text("name", &diagnostics) else { return nil }
        let location = section["name"]?.location ?? section.location
        if let first = names[name] {
            diagnostics.error(
                "the pool at line \(first.line) has the name \(quoted(name)) already: each needs a name of its own",
                at: location)
        } else {
            names[name] = location
        }
        return name
    }

    private mutating func announcementProtocol(_ section: Section) -> Pool.AnnouncementProtocol? {
        guard let node = section["protocol"] else {
            section.missing("protocol", "add \"protocol: layer2\" (or bgp)", &diagnostics)
            return nil
        }
        guard let text = node.text("protocol", &diagnostics) else { return nil }
        guard let known = Pool.AnnouncementProtocol(rawValue: text) else {
            diagnostics.error("protocol must be layer2 or bgp, not \(quoted(text))", at: node.location)
            return nil
        }
        return known
    }

    private mutating func addresses(
        _ section: Section, _ announcement: Pool.AnnouncementProtocol?, pool: String
    ) -> (ranges: [AddressRange], hosts: [HostRange]) {
        guard let list = section["addresses"] else {
            section.missing(
                "addresses", "add \"addresses:\" with a list such as \"- 192.168.2.128/25\"", &diagnostics)
            return ([], [])
        }
        guard let items = list.items("addresses", &diagnostics) else { return ([], []) }
        if items.isEmpty {
            diagnostics.error(
                "the list of addresses is empty: add one such as \"- 192.168.2.128/25\"", at: list.location)
        }
        var ranges: [AddressRange] = []
        var hosts: [HostRange] = []
        for item in items {
            guard let text = item.text("an address", &diagnostics) else { continue }
            let words = text.split(separator: " ")
            let written = words.prefix { $0 != "of" }
            let isFollowing = written.count < words.count
            guard let range = range(isFollowing ? written.joined(separator: " ") : text, at: item.location) else {
                continue
            }
            let place = Placed(range: range, text: text, pool: pool, location: item.location)
            if !isFollowing {
                placed.append(place)
                ranges.append(range)
            } else if let host = host(
                place, of: words.dropFirst(written.count + 1).joined(separator: " "), announcement)
            {
                placedHosts.append(place)
                hosts.append(host)
            }
        }
        return (ranges, hosts)
    }

    /// The host parts at `place`, which follow the network of `interface`.
    private mutating func host(
        _ place: Placed, of interface: String, _ announcement: Pool.AnnouncementProtocol?
    ) -> HostRange? {
        let example = "for example \"::1:0-::1:ff of eth0\""
        // The kernel's names: IFNAMSIZ is 16, with the NUL (netdevice(7)).
        guard (1...15).contains(interface.utf8.count), !interface.contains(where: { $0 == "/" || $0 == " " }),
            !interface.dropLast().contains("*")
        else {
            diagnostics.error(
                "\(quoted(place.text)) must end with the name of an interface, or the beginning of one and \"*\": "
                    + example, at: place.location)
            return nil
        }
        guard announcement != .bgp else {
            diagnostics.error(
                "\(quoted(place.text)) follows the network of an interface, which a pool with protocol bgp has none of: "
                    + "write a CIDR or range", at: place.location)
            return nil
        }
        guard let host = HostRange(place.range, of: interface) else {
            diagnostics.error(
                "\(quoted(place.text)) must name the lower 64 bits of IPv6 addresses alone, since the upper ones are the "
                    + "interface's: \(example)", at: place.location)
            return nil
        }
        return host
    }

    private mutating func range(_ text: String, at location: YAML.Location) -> AddressRange? {
        guard let dash = text.firstIndex(of: "-") else { return block(text, at: location) }
        let ends = [text[..<dash], text[text.index(after: dash)...]].map { end in
            String(end.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " "))
        }
        let parsed = ends.map { IPAddress($0) }
        for (end, address) in zip(ends, parsed) where address == nil {
            diagnostics.error(
                "\(quoted(end)) in the range \(quoted(text)) is not an IP address: write FIRST-LAST, for example "
                    + "192.168.2.128-192.168.2.254", at: location)
        }
        guard let first = parsed[0], let last = parsed[1] else { return nil }
        guard first.family == last.family else {
            diagnostics.error(
                "the range \(quoted(text)) goes from \(first.family.rawValue) to \(last.family.rawValue): both ends "
                    + "must be of one family", at: location)
            return nil
        }
        guard let range = AddressRange(first, last) else {
            diagnostics.error(
                "the range \(quoted(text)) is reversed: write \(last)-\(first)", at: location)
            return nil
        }
        return range
    }

    private mutating func block(_ text: String, at location: YAML.Location) -> AddressRange? {
        if let prefix = Prefix(text) { return prefix.range }
        let hint =
            switch (text.contains("/"), IPAddress(text)) {
            case (false, .some(let address)): "for this one address write \(address)/\(address.family.bitWidth)"
            case (true, _): "the part before the slash is an IP address, the one after it 0 to 32, or to 128 for IPv6"
            case (false, nil): "write a CIDR such as 192.168.2.128/25, or a range such as 192.168.2.128-192.168.2.254"
            }
        diagnostics.error("\(quoted(text)) is not a CIDR or range: \(hint)", at: location)
        return nil
    }

    /// Tells each range that shares an address with one before it, in the order of the text.
    private mutating func checkOverlaps(of placed: [Placed]) {
        let sorted = placed.enumerated().sorted { ($0.element.range, $0.offset) < ($1.element.range, $1.offset) }
        var widest: (offset: Int, element: Placed)?
        for current in sorted {
            if let widest, widest.element.range.overlaps(current.element.range) {
                let (earlier, later) = widest.offset < current.offset ? (widest, current) : (current, widest)
                let pool =
                    earlier.element.pool == later.element.pool ? "" : " of the pool \(quoted(earlier.element.pool))"
                diagnostics.error(
                    "\(quoted(later.element.text)) overlaps \(quoted(earlier.element.text))\(pool) at line "
                        + "\(earlier.element.location.line): each address may stand in one pool, once",
                    at: later.element.location)
            }
            if widest.map({ $0.element.range.last < current.element.range.last }) ?? true { widest = current }
        }
    }
}

// MARK: - Advertisements and communities

extension PoolsReader {
    private mutating func advertisements(
        _ section: Section, _ announcement: Pool.AnnouncementProtocol?, _ ranges: [AddressRange]
    ) -> [Advertisement] {
        let key = "bgp-advertisements"
        let items = section.items(key, &diagnostics)
        if announcement == .layer2, !items.isEmpty {
            diagnostics.error(
                "\(key) is for pools with protocol bgp: remove it, or change the protocol",
                at: section.location(of: key))
            return []
        }
        let read = items.compactMap { advertisement($0, ranges) }
        return read.isEmpty && announcement == .bgp ? [Advertisement()] : read
    }

    private mutating func advertisement(_ node: YAML.Node, _ ranges: [AddressRange]) -> Advertisement? {
        guard !node.isNull else { return Advertisement() }
        let keys = ["aggregation-length", "aggregation-length-v6", "localpref", "communities"]
        guard let section = Section(node, "the advertisement", keys: keys, &diagnostics) else { return nil }
        var advertisement = Advertisement()
        if let length = aggregationLength("aggregation-length", .ipv4, section, ranges) {
            advertisement.aggregationLength = length
        }
        if let length = aggregationLength("aggregation-length-v6", .ipv6, section, ranges) {
            advertisement.aggregationLengthIPv6 = length
        }
        if let preference = section.integer("localpref", in: 0...Int(UInt32.max), &diagnostics) {
            advertisement.localPreference = UInt32(preference)
        }
        readCommunities(section, into: &advertisement)
        return advertisement
    }

    private mutating func aggregationLength(
        _ key: String, _ family: AddressFamily, _ section: Section, _ ranges: [AddressRange]
    ) -> Int? {
        guard let length = section.integer(key, in: 0...family.bitWidth, &diagnostics) else { return nil }
        let blocks = ranges.filter { $0.family == family }.map { (range: $0, length: $0.longestPrefix) }
        if let longest = blocks.max(by: { $0.length < $1.length }), length < longest.length {
            diagnostics.error(
                "\(key) \(length) would announce addresses outside \(longest.range), which has a block "
                    + "of length \(longest.length): use \(longest.length) to \(family.bitWidth)",
                at: section[key]?.location ?? section.location)
        }
        return length
    }

    private mutating func readCommunities(_ section: Section, into advertisement: inout Advertisement) {
        var standard: Set<Community> = []
        var large: Set<LargeCommunity> = []
        for item in section.items("communities", &diagnostics) {
            guard let text = item.text("a community", &diagnostics) else { continue }
            if let community = LargeCommunity(text) {
                large.insert(community)
            } else if let community = communities[text] ?? Community.wellKnown[text]
                ?? community(text, orOneOf: communities.keys.sorted(), at: item.location)
            {
                standard.insert(community)
            }
        }
        if max(standard.count, large.count) > BGP.Path.maximumCommunities {
            diagnostics.error(
                "an advertisement has at most \(BGP.Path.maximumCommunities) communities of each kind",
                at: section["communities"]?.location ?? section.location)
        }
        advertisement.communities = standard.sorted()
        advertisement.largeCommunities = large.sorted()
    }

    private mutating func readCommunities(_ node: YAML.Node) {
        guard case .mapping(let entries) = node.content else {
            diagnostics.error("bgp-communities must be a mapping of names to communities", at: node.location)
            return
        }
        for entry in entries {
            guard let text = entry.value.text("the community \(entry.key)", &diagnostics) else { continue }
            communities[entry.key] = community(text, at: entry.value.location)
        }
    }

    private mutating func community(
        _ text: String, orOneOf names: [String]? = nil, at location: YAML.Location
    ) -> Community? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 2, let high = UInt16(parts[0]), let low = UInt16(parts[1]) {
            return Community(high: high, low: low)
        }
        let known = names ?? []
        let aliases = known.isEmpty ? "" : ", or one of bgp-communities: \(known.joined(separator: ", "))"
        let nearest = names.flatMap { Spelling.nearest(to: text, among: $0 + Community.wellKnown.keys.sorted()) }
        let hint = nearest.map { "did you mean \(quoted($0))? " } ?? ""
        diagnostics.error(
            "\(quoted(text)) is not a community: \(hint)write two numbers from 0 to 65535, such as 64512:100\(aliases)",
            at: location)
        return nil
    }
}

extension LargeCommunity {
    /// Parses three numbers joined by colons (RFC 8092 section 5); nil for anything else.
    fileprivate init?(_ text: String) {
        let numbers = text.split(separator: ":", omittingEmptySubsequences: false).map { UInt32($0) }
        guard numbers.count == 3, let administrator = numbers[0], let first = numbers[1], let second = numbers[2] else {
            return nil
        }
        self.init(administrator, first, second)
    }
}

extension AddressRange {
    /// The length of the longest prefix among the CIDR blocks that together are the range.
    var longestPrefix: Int {
        var start = first.rawValue
        var longest = 0
        while true {
            // The largest block that begins at `start` and ends within the range.
            var hostBits = min(start.trailingZeroBitCount, family.bitWidth)
            while Self.hostMask(hostBits) > last.rawValue - start { hostBits -= 1 }
            longest = max(longest, family.bitWidth - hostBits)
            let end = start + Self.hostMask(hostBits)
            guard end < last.rawValue else { return longest }
            start = end + 1
        }
    }

    /// A number whose lowest `bits` bits, up to 128, are set.
    private static func hostMask(_ bits: Int) -> UInt128 {
        bits == 128 ? .max : (1 << UInt128(bits)) - 1
    }
}
