internal import Wire

/// Packs routes into as few UPDATEs as they fit in, for one established session. A message has withdrawals or routes of one
/// family, never both (RFC 7606 section 5.1).
struct UpdatePacker {
    private let codec: Codec
    private let families: [RouteFamily]
    private let settings: Settings
    private let nextHops: [AddressFamily: IPAddress]

    init(_ settings: Settings, _ negotiation: Negotiation, localAddress: IPAddress?) {
        self.settings = settings
        codec = negotiation.codec(isInternal: settings.isInternal)
        families = negotiation.families
        let local = localAddress.map { [$0.family: $0] } ?? [:]
        let ipv6 = settings.ipv6NextHop.map { IPAddress.v6($0) } ?? local[.ipv6]
        var ipv4 = settings.ipv4NextHop.map { IPAddress.v4($0) } ?? local[.ipv4]
        if ipv4 == nil, negotiation.takesIPv4OverIPv6 { ipv4 = ipv6 }
        var nextHops: [AddressFamily: IPAddress] = [:]
        nextHops[.ipv4] = ipv4
        nextHops[.ipv6] = ipv6
        self.nextHops = nextHops
    }

    /// Whether routes of `family` can be told to the peer.
    func canAnnounce(_ family: AddressFamily) -> Bool {
        families.contains(RouteFamily(unicast: family)) && nextHops[family] != nil
    }

    /// An UPDATE that withdraws as many of `prefixes`, which are of one family, as fit; and how many.
    func withdrawal(of prefixes: ArraySlice<Prefix>) -> (bytes: [UInt8], count: Int) {
        let family = prefixes.first?.address.family ?? .ipv4
        return fill(prefixes) { prefixes in
            guard family == .ipv6 else { return Update(withdrawn: prefixes) }
            return Update(unreach: .init(.ipv6Unicast, prefixes: prefixes))
        }
    }

    /// An UPDATE that announces as many of `prefixes`, which are of one family, as fit; and how many.
    func announcement(of prefixes: ArraySlice<Prefix>, _ path: Path) -> (bytes: [UInt8], count: Int) {
        let family = prefixes.first?.address.family ?? .ipv4
        guard let nextHop = nextHops[family] else { return ([], prefixes.count) }
        var attributes = PathAttributes(
            origin: .igp, asPath: ASPath(settings.isInternal ? [] : [.init(.sequence, [settings.localASN])]),
            localPreference: settings.isInternal ? path.localPreference : nil, communities: path.communities,
            largeCommunities: path.largeCommunities)
        if family == .ipv4, case .v4(let address) = nextHop {
            attributes.nextHop = address
            return fill(prefixes) { Update(attributes: attributes, announced: $0) }
        }
        return fill(prefixes) { prefixes in
            let reach = Update.Reach(RouteFamily(unicast: family), nextHop: .init(nextHop), prefixes: prefixes)
            return Update(attributes: attributes, reach: reach)
        }
    }

    /// The UPDATE that says that all routes of `family` have been sent.
    func endOfRIB(_ family: RouteFamily) -> [UInt8] { codec.encode(.update(.endOfRIB(family))) }

    private func fill(
        _ prefixes: ArraySlice<Prefix>, _ update: ([Prefix]) -> Update
    ) -> (bytes: [UInt8], count: Int) {
        // A byte more for an attribute whose length needs two with the prefixes in it.
        var room = codec.maximumUpdateBytes - codec.encode(.update(update([]))).count - 1
        let count = prefixes.prefix { prefix in
            room -= prefix.encodedLength
            return room >= 0
        }.count
        return (codec.encode(.update(update(Array(prefixes.prefix(count))))), count)
    }
}
