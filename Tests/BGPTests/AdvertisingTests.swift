import Testing
import Wire

@testable import BGP

/// What the peer is told of routes.
@Suite struct AdvertisingTests {
    @Test func allIsToldAndThenThatItIsAll() {
        var rig = Rig.established()
        rig.send(.wanted(["198.51.100.7/32": Path(communities: [.noExport]), "2001:db8::7/128": Path()]))
        // Where IPv6 routes lead was not said.
        #expect(rig.session.announcedCount == 1 && rig.session.wantedCount == 2 && rig.session.isUpToDate)
        let attributes = PathAttributes(
            origin: .igp, asPath: ASPath([.init(.sequence, [64_512])]), nextHop: "192.0.2.1",
            communities: [.noExport])
        #expect(
            rig.updates == [
                Update(attributes: attributes, announced: ["198.51.100.7/32"]), .endOfRIB(.ipv4Unicast),
                .endOfRIB(.ipv6Unicast),
            ])
        rig.clear()
        rig.send(.wanted(["198.51.100.7/32": Path(communities: [.noExport]), "2001:db8::7/128": Path()]))
        #expect(rig.updates.isEmpty)
    }

    @Test func insideAnASThePreferenceIsTold() {
        var settings = Settings.internalTest
        settings.ipv6NextHop = "2001:db8::1"
        var rig = Rig.established(settings, .peer(asn: Rig.localASN))
        rig.send(.wanted(["198.51.100.7/32": Path(localPreference: 200), "2001:db8::7/128": Path()]))
        let table = rig.table()
        #expect(table["198.51.100.7/32"]?.localPreference == 200 && table["2001:db8::7/128"]?.localPreference == 0)
        #expect(table.values.allSatisfy { $0.asPath == ASPath() })
        #expect(rig.updates.compactMap(\.reach?.nextHop) == [.init("2001:db8::1")])
    }

    /// RFC 8950: with a peer that is reached by IPv6 alone, IPv4 routes lead there too, if it takes that.
    @Test func ipv4OverIPv6() {
        var rig = Rig.established(.test, .peer(), localAddress: "2001:db8::1")
        rig.send(.wanted(["198.51.100.7/32": Path()]))
        #expect(
            rig.updates.first?.reach
                == .init(.ipv4Unicast, nextHop: .init("2001:db8::1"), prefixes: ["198.51.100.7/32"]))
        rig.clear()
        rig.send(.wanted([:]))
        #expect(rig.updates == [Update(withdrawn: ["198.51.100.7/32"])])
        let open = Open(
            asn: Rig.peerASN, holdTimeSeconds: 90, routerID: "10.0.0.9", capabilities: [.multiprotocol(.ipv4Unicast)])
        var other = Rig.established(.test, open, localAddress: "2001:db8::1")
        other.send(.wanted(["198.51.100.7/32": Path()]))
        #expect(other.updates == [.endOfRIB(.ipv4Unicast)] && other.session.announcedCount == 0)
    }

    /// A peer as RFC 4271 has it: IPv4, and AS numbers of two octets.
    @Test func aPeerWithoutCapabilities() throws {
        let settings = Settings(localASN: 4_200_000_001, peerASN: Rig.peerASN, routerID: "10.0.0.1")
        let open = Open(shortASN: UInt16(Rig.peerASN), holdTimeSeconds: 90, routerID: "10.0.0.9", capabilities: [])
        var rig = Rig.established(settings, open)
        rig.codec.hasFourOctetASNs = false
        rig.send(.wanted(["198.51.100.7/32": Path(), "2001:db8::7/128": Path()]))
        #expect(rig.updates.count == 2 && rig.updates.last == .endOfRIB(.ipv4Unicast))
        #expect(rig.table()["198.51.100.7/32"]?.asPath == ASPath([.init(.sequence, [23_456])]))
    }

    @Test func onlyDifferencesAreSent() {
        var rig = Rig.established()
        let path = Path(communities: [Community(high: 1, low: 2)])
        rig.send(.wanted(["10.0.1.0/24": path, "10.0.2.0/24": path, "10.0.3.0/24": Path()]))
        rig.clear()
        rig.send(.wanted(["10.0.1.0/24": path, "10.0.2.0/24": Path(), "10.0.4.0/24": Path()]))
        #expect(rig.updates.map(\.withdrawn) == [["10.0.3.0/24"], []])
        #expect(rig.updates.map(\.announced) == [[], ["10.0.2.0/24", "10.0.4.0/24"]])
        rig.clear()
        // Host bits make no other route of it.
        rig.send(.amended(["10.0.1.7/24": path, "10.0.2.9/24": nil, "10.0.9.0/24": nil]))
        #expect(rig.updates == [Update(withdrawn: ["10.0.2.0/24"])])
    }

    /// RFC 4724: End-of-RIB for a list that is not complete would make the peer drop what it has kept.
    @Test func nothingIsToldBeforeAllIsKnown() {
        var rig = Rig.established()
        rig.send(.amended(["10.0.0.0/8": Path()]))
        rig.pass(.seconds(5))
        #expect(rig.updates.isEmpty)
        rig.send(.wanted([:]))
        #expect(rig.updates == [.endOfRIB(.ipv4Unicast), .endOfRIB(.ipv6Unicast)])
    }

    /// The R bit stands in each OPEN until all routes were told, and then in none.
    @Test func aRestartIsToldUntilItIsOver() {
        var settings = Settings.test
        settings.isRestart = true
        var rig = Rig.established(settings)
        rig.send(.closed(1, nil))
        rig.pass(.seconds(1))
        rig.send(.connected(2, localAddress: "192.0.2.1"))
        #expect(rig.messages(on: 2).first == .open(settings.open(isRestarting: true)))
        rig.receive(.open(.peer()), on: 2)
        rig.receive(.keepalive, on: 2)
        rig.send(.wanted(["10.0.0.0/8": Path()]))
        rig.send(.closed(2, nil))
        rig.pass(.seconds(2))
        rig.send(.connected(3, localAddress: "192.0.2.1"))
        #expect(rig.messages(on: 3) == [.open(settings.open(isRestarting: false))])
    }

    @Test func anotherSessionIsToldAllAgain() {
        var rig = Rig.established()
        rig.send(.wanted(["10.0.0.0/8": Path()]))
        rig.send(.closed(1, "connection reset"))
        #expect(rig.session.announcedCount == 0 && rig.session.lastCause == .disconnected("connection reset"))
        rig.send(.amended(["10.0.0.0/8": nil, "10.1.0.0/16": Path()]))
        rig.pass(.seconds(1))
        rig.send(.connected(2, localAddress: "192.0.2.1"))
        rig.receive(.open(.peer()), on: 2)
        rig.receive(.keepalive, on: 2)
        let updates = rig.messages(on: 2).compactMap { if case .update(let update) = $0 { update } else { nil } }
        #expect(updates.map(\.announced) == [["10.1.0.0/16"], [], []])
    }

    @Test func theSameIsSentAgainWhereThePeerAsks() {
        var rig = Rig.established()
        rig.send(.wanted(["10.0.0.0/8": Path()]))
        let before = rig.updates.first
        rig.clear()
        // However often it asks at once; what RFC 7313 adds was not offered.
        let refresh = Codec().encode(.routeRefresh(.ipv4Unicast, subtype: 0))
        rig.receive(refresh + refresh + Codec().encode(.routeRefresh(.ipv4Unicast, subtype: 1)))
        rig.receive(.routeRefresh(.ipv6Unicast, subtype: 0))
        rig.receive(.routeRefresh(RouteFamily(afi: 1, safi: 128), subtype: 0))
        #expect(rig.updates == [before] && rig.session.isUpToDate)
        #expect(rig.session.counters.refreshes == 4)
    }

    @Test func aNodeThatDrainsSaysSo() {
        let path = Path(localPreference: 200, communities: [.noExport], largeCommunities: [LargeCommunity(1, 2, 3)])
        #expect(path.draining.communities == [.gracefulShutdown, .noExport])
        #expect(path.draining.localPreference == 0 && path.draining.largeCommunities == path.largeCommunities)
    }

    // MARK: Many routes

    private static func prefixes(_ count: Int, _ family: AddressFamily) -> [Prefix] {
        (0..<count).compactMap { index in
            let base: UInt128 = family == .ipv4 ? 0x0A00_0000 : 0x2001_0DB8 << 96
            return Prefix(IPAddress(family, rawValue: base | UInt128(index)), length: family.bitWidth)
        }
    }

    /// 5,000 routes of IPv4 with one path: 811 fit a message of 4,096 bytes beside 20 bytes of attributes.
    @Test(arguments: [
        (AddressFamily.ipv4, false, 7, 7), (.ipv6, false, 22, 21), (.ipv4, true, 1, 1), (.ipv6, true, 2, 2),
    ])
    func messagesAreFull(family: AddressFamily, isExtended: Bool, count: Int, withdrawals: Int) throws {
        var settings = Settings.test
        settings.ipv6NextHop = "2001:db8::1"
        var rig = Rig.established(settings, isExtended ? .peer().adding(.extendedMessage) : .peer())
        let prefixes = Self.prefixes(5_000, family)
        rig.send(.wanted(Dictionary(uniqueKeysWithValues: prefixes.map { ($0, Path()) })))
        #expect(rig.updates.count == count + 2 && Set(rig.table().keys) == Set(prefixes))
        let limit = isExtended ? Message.maximumExtendedBytes : Message.maximumBytes
        let lengths = rig.messages().map { Codec().encode($0).count }
        #expect(lengths.allSatisfy { $0 <= limit })
        #expect(lengths.dropLast(3).allSatisfy { $0 > limit - family.bitWidth / 8 - 3 })
        rig.clear()
        rig.send(.wanted([:]))
        #expect(rig.updates.count == withdrawals && rig.table(after: [:]).isEmpty && rig.session.announcedCount == 0)
    }

    @Test func aPathWithAsMuchAsItCanHaveFits() throws {
        let path = Path(
            localPreference: .max, communities: (0..<999).map { Community(high: 1, low: $0) },
            largeCommunities: (0..<999).map { LargeCommunity(1, 2, $0) })
        #expect(path.communities.count == 128 && path.largeCommunities.count == 128)
        var settings = Settings.internalTest
        settings.ipv6NextHop = "2001:db8::1"
        var rig = Rig.established(settings, .peer(asn: Rig.localASN))
        let prefixes = Self.prefixes(200, .ipv6)
        rig.send(.wanted(Dictionary(uniqueKeysWithValues: prefixes.map { ($0, path) })))
        #expect(Set(rig.table().keys) == Set(prefixes))
    }

    /// A peer that reads slowly is sent what is out, and of the rest what it has come to meanwhile.
    @Test func whatWaitsIsPutTogether() {
        var rig = Rig.established()
        rig.isBlocked = true
        let prefixes = Self.prefixes(40_000, .ipv4)
        rig.send(.wanted(Dictionary(uniqueKeysWithValues: prefixes.map { ($0, Path()) })))
        let first = rig.directives.reduce(0) { if case .send(let bytes, _) = $1 { $0 + bytes.count } else { $0 } }
        #expect(first >= Session.windowBytes && first < Session.windowBytes + Message.maximumBytes)
        // Known to the peer, and gone again; not known, and gone again; there twice.
        let last = prefixes[prefixes.count - 1]
        rig.send(.amended([prefixes[0]: nil, last: nil]))
        rig.send(.amended(["192.0.2.0/24": Path()]))
        rig.send(.amended(["192.0.2.0/24": Path(communities: [.noExport])]))
        rig.isBlocked = false
        rig.send(.drained(1))
        #expect(rig.updates.flatMap(\.withdrawn) == [prefixes[0]])
        #expect(!rig.updates.flatMap(\.announced).contains(last))
        #expect(rig.updates.flatMap(\.announced).filter { $0 == "192.0.2.0/24" }.count == 1)
        #expect(rig.table()["192.0.2.0/24"]?.communities == [.noExport] && rig.table().count == 39_999)
    }

    // MARK: What the peer tells

    /// A full table, in pieces, is counted and not kept; a fault is no reason to end.
    @Test func whatThePeerTellsIsCountedAndDropped() {
        var rig = Rig.established()
        let prefixes = Self.prefixes(100_000, .ipv4)
        let attributes = PathAttributes(origin: .igp, asPath: ASPath(), nextHop: "192.0.2.9")
        var stream: [UInt8] = []
        for start in stride(from: 0, to: prefixes.count, by: 800) {
            stream += Codec().encode(
                .update(
                    Update(attributes: attributes, announced: Array(prefixes[start..<min(start + 800, prefixes.count)]))
                ))
        }
        for start in stride(from: 0, to: stream.count, by: 1_000) {
            rig.receive(Array(stream[start..<min(start + 1_000, stream.count)]))
        }
        #expect(rig.session.counters.routesReceived == 100_000 && rig.session.counters.updatesReceived == 125)
        rig.receive(.update(Update(withdrawn: ["10.0.0.1/32"])))
        rig.receive(UpdateTests.update("40010103 400206 02010000fc00 400304 c0000201"))
        #expect(rig.session.counters.faults == 2 && rig.session.counters.withdrawalsReceived == 2)
        #expect(rig.session.state == .established && rig.messages().isEmpty)
    }

    /// Every attribute malformed in turn, one byte at a time.
    @Test func malformedAttributesInTurn() {
        var rig = Rig.established()
        for (attributes, _, _) in UpdateTests.faults {
            for byte in UpdateTests.update(attributes) { rig.receive([byte]) }
        }
        #expect(rig.session.state == .established && rig.notifications.isEmpty)
        #expect(rig.session.counters.updatesReceived == UInt64(UpdateTests.faults.count))
        #expect(rig.session.counters.faults >= UInt64(UpdateTests.faults.count))
    }
}
