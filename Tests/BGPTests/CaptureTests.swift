import Testing
import Wire

@testable import BGP

/// What peers of Debian 12 sent, beside what it means: BIRD 2.0.12, FRR 8.4.4 and GoBGP 3.10.0, each with graceful restart,
/// as AS 64513.
@Suite struct CaptureTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let message: Message
        /// Whether it is written just as they did.
        let isCanonical: Bool

        init(_ name: String, _ hex: String, _ message: Message, isCanonical: Bool = true) {
            testDescription = name
            bytes = BGPTests.message(hex)
            self.message = message
            self.isCanonical = isCanonical
        }
    }

    static let path = ASPath([.init(.sequence, [64_513])])

    static let opens = [
        Vector(
            "OPEN of BIRD",
            "005b01 04 fc01 005a 0a630002 3e 023c 0104 00010001 0104 00020001 0200 0506 000100010002 0600"
                + "400a 0078 00010100 00020100 4104 0000fc01 4600 470e 00010100000e10 00020100000e10",
            .open(
                Open(
                    shortASN: 64_513, holdTimeSeconds: 90, routerID: "10.99.0.2",
                    capabilities: [
                        .multiprotocol(.ipv4Unicast), .multiprotocol(.ipv6Unicast), .routeRefresh,
                        .extendedNextHop([.ipv4OverIPv6]), .extendedMessage,
                        .gracefulRestart(
                            GracefulRestart(
                                isRestarting: false, restartTimeSeconds: 120,
                                families: [
                                    .init(.ipv4Unicast, isForwardingPreserved: false),
                                    .init(.ipv6Unicast, isForwardingPreserved: false),
                                ])),
                        .fourOctetASN(64_513), .unknown(code: 70, value: []),
                        .longLivedGracefulRestart([
                            LongLivedFamily(.ipv4Unicast, isForwardingPreserved: false, staleTimeSeconds: 3_600),
                            LongLivedFamily(.ipv6Unicast, isForwardingPreserved: false, staleTimeSeconds: 3_600),
                        ]),
                    ]))),
        Vector(
            "OPEN of FRR, each capability in a parameter of its own",
            "007a01 04 fc01 005a 0a630003 5d 0206 0104 00010001 0206 0104 00020001 0202 8000 0202 0200 0202 4600"
                + "0206 4104 0000fc01 0202 0600 020a 4508 0001010100020101 0207 4905 0366727200"
                + "020c 400a c078 00010100 00020100 0210 470e 00010180000000 00020180000000",
            .open(
                Open(
                    shortASN: 64_513, holdTimeSeconds: 90, routerID: "10.99.0.3",
                    capabilities: [
                        .multiprotocol(.ipv4Unicast), .multiprotocol(.ipv6Unicast), .unknown(code: 128, value: []),
                        .routeRefresh, .unknown(code: 70, value: []), .fourOctetASN(64_513), .extendedMessage,
                        .unknown(code: 69, value: [0, 1, 1, 1, 0, 2, 1, 1]),
                        .unknown(code: 73, value: [3, 0x66, 0x72, 0x72, 0]),
                        .gracefulRestart(
                            GracefulRestart(
                                isRestarting: true, restartTimeSeconds: 120,
                                families: [
                                    .init(.ipv4Unicast, isForwardingPreserved: false),
                                    .init(.ipv6Unicast, isForwardingPreserved: false),
                                ])),
                        .longLivedGracefulRestart([
                            LongLivedFamily(.ipv4Unicast, isForwardingPreserved: true, staleTimeSeconds: 0),
                            LongLivedFamily(.ipv6Unicast, isForwardingPreserved: true, staleTimeSeconds: 0),
                        ]),
                    ])), isCanonical: false),
        Vector(
            "OPEN of GoBGP",
            "004901 04 fc01 005a 0a630004 2c 022a 0200 4904 02766d00 0104 00010001 0104 00020001 4104 0000fc01"
                + "4006 0078 00010100 0506 000100010002",
            .open(
                Open(
                    shortASN: 64_513, holdTimeSeconds: 90, routerID: "10.99.0.4",
                    capabilities: [
                        .routeRefresh, .unknown(code: 73, value: [2, 0x76, 0x6D, 0]), .multiprotocol(.ipv4Unicast),
                        .multiprotocol(.ipv6Unicast), .fourOctetASN(64_513),
                        .gracefulRestart(
                            GracefulRestart(
                                isRestarting: false, restartTimeSeconds: 120,
                                families: [.init(.ipv4Unicast, isForwardingPreserved: false)])),
                        .extendedNextHop([.ipv4OverIPv6]),
                    ]))),
    ]

    static let updates = [
        Vector(
            "IPv4 routes of BIRD, in an attribute",
            "005702 0000 0040 900e0012 0001 01 04 0a630002 00 19c6336480 18cb0071 40010100 400206 0201 0000fc01"
                + "800404 00000005 c00804 fc010064 c0200c 0000fc010000000100000002",
            .update(
                Update(
                    attributes: PathAttributes(
                        origin: .igp, asPath: path, multiExitDiscriminator: 5,
                        communities: [Community(high: 64_513, low: 100)],
                        largeCommunities: [LargeCommunity(64_513, 1, 2)]),
                    reach: .init(
                        .ipv4Unicast, nextHop: .init("10.99.0.2"), prefixes: ["198.51.100.128/25", "203.0.113.0/24"]))),
            isCanonical: false),
        Vector(
            "IPv6 route of BIRD, with a link-local next hop",
            "005402 0000 003d 900e002c 0002 01 20 fd990000000000000000000000000002 fe8000000000000070aa9ffffeea6587"
                + "00 3020010db80007 40010100 400206 0201 0000fc01",
            .update(
                Update(
                    attributes: PathAttributes(origin: .igp, asPath: path),
                    reach: .init(
                        .ipv6Unicast,
                        nextHop: .init("fd99::2", linkLocal: "fe80::70aa:9fff:feea:6587"),
                        prefixes: ["2001:db8:7::/48"]))), isCanonical: false),
        Vector(
            "IPv4 route of FRR, every length with two bytes",
            "003702 0000 001c 40010100 50020006 0201 0000fc01 400304 0a630003 800404 00000000 18cb0071",
            .update(
                Update(
                    attributes: PathAttributes(
                        origin: .igp, asPath: path, nextHop: "10.99.0.3", multiExitDiscriminator: 0),
                    announced: ["203.0.113.0/24"])), isCanonical: false),
        Vector(
            "IPv4 route of GoBGP",
            "004902 0000 002e 40010102 400206 0201 0000fc01 400304 0a630004 c00808 fc010064 ffffff01"
                + "c0200c 0000fc010000000100000002 18cb0071",
            .update(
                Update(
                    attributes: PathAttributes(
                        origin: .incomplete, asPath: path, nextHop: "10.99.0.4",
                        communities: [Community(high: 64_513, low: 100), .noExport],
                        largeCommunities: [LargeCommunity(64_513, 1, 2)]),
                    announced: ["203.0.113.0/24"]))),
        Vector(
            "IPv6 route of GoBGP, the attribute with it last",
            "004302 0000 002c 40010102 400206 0201 0000fc01 800e1c 0002 01 10 fd990000000000000000000000000004 00"
                + "3020010db80007",
            .update(
                Update(
                    attributes: PathAttributes(origin: .incomplete, asPath: path),
                    reach: .init(.ipv6Unicast, nextHop: .init("fd99::4"), prefixes: ["2001:db8:7::/48"]))),
            isCanonical: false),
        Vector(
            "withdrawal of GoBGP", "001b02 0004 18cb0071 0000", .update(Update(withdrawn: ["203.0.113.0/24"]))),
        Vector("End-of-RIB for IPv4, of all three", "001702 0000 0000", .update(.endOfRIB(.ipv4Unicast))),
        Vector("End-of-RIB for IPv6, of all three", "001d02 0000 0006 800f03 000201", .update(.endOfRIB(.ipv6Unicast))),
    ]

    static let others = [
        Vector("KEEPALIVE", "001304", .keepalive),
        Vector("ROUTE-REFRESH of BIRD", "001705 0001 00 01", .routeRefresh(.ipv4Unicast, subtype: 0)),
        Vector(
            "the end by BIRD, with a text", "002103 0602 0b 6d61696e74656e616e6365",
            .notification(.cease(.administrativeShutdown, text: "maintenance"))),
        Vector("the end by GoBGP", "001503 0602", .notification(.cease(.administrativeShutdown))),
    ]

    @Test(arguments: opens + updates + others)
    func bytesAndMessageMatch(vector: Vector) throws {
        let codec = Codec()
        #expect(try codec.decode(vector.bytes[...]) == vector.message)
        let written = codec.encode(vector.message)
        #expect((written == vector.bytes) == vector.isCanonical)
        #expect(try codec.decode(written[...]) == vector.message)
    }

    @Test(arguments: opens + updates + others)
    func whatIsCutShortOrTooLongIsRefused(vector: Vector) {
        for count in vector.bytes.indices {
            #expect(throws: BGPError.self) { try Codec().decode(vector.bytes[..<count]) }
        }
        #expect(throws: BGPError.self) { try Codec().decode(vector.bytes[...] + [0]) }
    }

    @Test func theEndIsToldInWords() throws {
        guard case .notification(let notification) = Self.others[2].message else { return }
        #expect(notification.text == "maintenance")
        #expect(
            notification.description == "Cease (code 6, subcode 2): Administrative Shutdown, \"maintenance\"")
    }

    @Test func endOfRIBIsKnown() throws {
        let families = Self.updates.map { vector -> RouteFamily? in
            if case .update(let update) = vector.message { update.endOfRIB } else { nil }
        }
        #expect(families == Array(repeating: nil, count: 6) + [.ipv4Unicast, .ipv6Unicast])
    }
}
