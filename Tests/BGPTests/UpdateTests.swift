import Testing
import Wire

@testable import BGP

/// UPDATEs: how they are written, and what is made of those that are not as they should be (RFC 4271 section 6.3, RFC 7606).
@Suite struct UpdateTests {
    static let sequence = ASPath([.init(.sequence, [64_512])])

    /// An UPDATE with these attributes and the route 10.0.0.0/8.
    static func update(_ attributes: String, nlri: String = "080a") -> [UInt8] {
        let (attributes, nlri) = (bytes(attributes), bytes(nlri))
        let length = 23 + attributes.count + nlri.count
        let head = [UInt8(length >> 8), UInt8(length & 0xFF), 2, 0, 0]
        let marker = Array(repeating: UInt8(0xFF), count: 16)
        return marker + head + [UInt8(attributes.count >> 8), UInt8(attributes.count & 0xFF)] + attributes + nlri
    }

    static func read(_ bytes: [UInt8], _ codec: Codec = Codec()) throws -> Update {
        guard case .update(let update) = try codec.decode(bytes[...]) else { throw Unexpected() }
        return update
    }

    /// ORIGIN, AS_PATH 64512, NEXT_HOP 192.0.2.1.
    static let mandatory = "40010100 400206 0201 0000fc00 400304 c0000201"

    // MARK: Written

    static let written: [(Update, Codec, String)] = [
        (
            Update(withdrawn: ["10.0.0.0/8", "192.0.2.128/25", "0.0.0.0/0"]), Codec(),
            "001f02 0008 080a 19c0000280 00 0000"
        ),
        (
            Update(unreach: .init(.ipv6Unicast, prefixes: ["2001:db8::/33"])), Codec(),
            "002302 0000 000c 800f09 000201 2120010db800"
        ),
        (
            Update(
                attributes: PathAttributes(
                    origin: .igp, asPath: ASPath(), nextHop: "192.0.2.1", localPreference: 100,
                    communities: [.noExport], largeCommunities: [LargeCommunity(1, 2, 3)]),
                announced: ["198.51.100.7/32"]),
            Codec(isInternal: true),
            "004702 0000 002b 40010100 400200 400304 c0000201 400504 00000064 c00804 ffffff01"
                + "c0200c 000000010000000200000003 20c6336407"
        ),
        (
            Update(
                attributes: PathAttributes(origin: .igp, asPath: sequence),
                reach: .init(.ipv4Unicast, nextHop: .init("2001:db8::1"), prefixes: ["198.51.100.7/32"])), Codec(),
            "004102 0000 002a 800e1a 0001 01 10 20010db8000000000000000000000001 00 20c6336407 40010100"
                + "400206 0201 0000fc00"
        ),
        // A peer of two octets (RFC 6793): what has no room there stands beside.
        (
            Update(
                attributes: PathAttributes(
                    origin: .igp, asPath: ASPath([.init(.sequence, [4_200_000_001])]), nextHop: "192.0.2.1"),
                announced: ["10.0.0.0/8"]),
            Codec(hasFourOctetASNs: false),
            "003402 0000 001b 40010100 400204 0201 5ba0 400304 c0000201 c01106 0201 fa56ea01 080a"
        ),
    ]

    @Test(arguments: written) func bytesOfWhatIsSent(update: Update, codec: Codec, hex: String) throws {
        #expect(codec.encode(.update(update)) == message(hex))
        var read = try Self.read(message(hex), codec)
        if !codec.hasFourOctetASNs {
            #expect(read.attributes.asPath == ASPath([.init(.sequence, [23_456])]))
            read.attributes.asPath = update.attributes.asPath
        }
        #expect(read == update)
    }

    @Test func attributesOfMoreThan255BytesHaveALongLength() throws {
        let communities = (0..<64).map { Community(high: 1, low: $0) }
        let update = Update(
            attributes: PathAttributes(
                origin: .igp, asPath: Self.sequence, nextHop: "192.0.2.1", communities: communities),
            announced: ["10.0.0.0/8"])
        let bytes = Codec().encode(.update(update))
        #expect(Array(bytes[43..<47]) == [0xD0, 8, 1, 0])
        #expect(try Self.read(bytes) == update)
    }

    /// The bits behind a prefix's length have no meaning.
    @Test func hostBitsAreDropped() throws {
        let update = try Self.read(Self.update(Self.mandatory, nlri: "09 0aff 1e c00002ff"))
        #expect(update.announced == ["10.128.0.0/9", "192.0.2.252/30"])
        #expect(update.faults.isEmpty)
    }

    // MARK: Attributes that are not as they should be

    /// What stands in place of a good attribute, or beside the mandatory ones; and what is done about it.
    static let faults: [(String, UInt8, Update.Fault.Treatment)] = [
        ("40010103 400206 02010000fc00 400304 c0000201", 1, .treatedAsWithdrawn),
        ("4001020000 400206 02010000fc00 400304 c0000201", 1, .treatedAsWithdrawn),
        ("40010100 400206 05010000fc00 400304 c0000201", 2, .treatedAsWithdrawn),
        ("40010100 400206 02020000fc00 400304 c0000201", 2, .treatedAsWithdrawn),
        ("40010100 400202 0200 400304 c0000201", 2, .treatedAsWithdrawn),
        ("40010100 400201 02 400304 c0000201", 2, .treatedAsWithdrawn),
        ("40010100 400206 02010000fc00 400303 c00002", 3, .treatedAsWithdrawn),
        ("40010100 400206 02010000fc00 400304 00000000", 3, .treatedAsWithdrawn),
        ("40010100 400206 02010000fc00 400304 e0000001", 3, .treatedAsWithdrawn),
        (mandatory + "800403 000000", 4, .treatedAsWithdrawn),
        (mandatory + "400504 00000064", 5, .discarded),
        (mandatory + "400601 00", 6, .discarded),
        (mandatory + "c00706 0001c0000201", 7, .discarded),
        (mandatory + "c00800", 8, .treatedAsWithdrawn),
        (mandatory + "c00803 000000", 8, .treatedAsWithdrawn),
        (mandatory + "800904 c0000201", 9, .discarded),
        (mandatory + "800a04 c0000201", 10, .discarded),
        (mandatory + "c01007 00000000000000", 16, .treatedAsWithdrawn),
        (mandatory + "c01106 02010000fc00", 17, .discarded),
        (mandatory + "c01208 0000fc00c0000201", 18, .discarded),
        (mandatory + "c01908 0000000000000000", 25, .treatedAsWithdrawn),
        (mandatory + "c0200b 0000000000000000000000", 32, .treatedAsWithdrawn),
        // The second of two.
        (mandatory + "40010100", 1, .discarded),
        // The wrong flags: optional ORIGIN, well-known COMMUNITIES, transitive MED.
        ("c0010100 400206 02010000fc00 400304 c0000201", 1, .treatedAsWithdrawn),
        (mandatory + "400804 ffffff01", 8, .treatedAsWithdrawn),
        (mandatory + "c00404 00000000", 4, .treatedAsWithdrawn),
        // Missing.
        ("400206 02010000fc00 400304 c0000201", 1, .treatedAsWithdrawn),
        ("40010100 400304 c0000201", 2, .treatedAsWithdrawn),
        ("40010100 400206 02010000fc00", 3, .treatedAsWithdrawn),
        // Longer than what there is.
        (mandatory + "c00805 ffffff01", 0, .treatedAsWithdrawn),
        (mandatory + "d00800", 0, .treatedAsWithdrawn),
        (mandatory + "c0", 0, .treatedAsWithdrawn),
    ]

    @Test(arguments: faults)
    func faultsDoNotEndTheSession(attributes: String, type: UInt8, treatment: Update.Fault.Treatment) throws {
        let update = try Self.read(Self.update(attributes))
        #expect(update.faults.contains(.init(type, treatment)))
        #expect(update.isTreatedAsWithdrawn == (treatment == .treatedAsWithdrawn))
        #expect(update.announced == ["10.0.0.0/8"])
    }

    @Test func whatIsForPeersOfTheOwnASIsTakenFromThem() throws {
        let codec = Codec(isInternal: true)
        let good = Self.mandatory + "400504 00000064 800904 c0000201 800a04 c0000201"
        let update = try Self.read(Self.update(good), codec)
        #expect(update.faults.isEmpty && update.attributes.localPreference == 100)
        for (attribute, type) in [("400503 000064", UInt8(5)), ("800903 c00002", 9), ("800a05 c000020100", 10)] {
            let update = try Self.read(Self.update(Self.mandatory + attribute), codec)
            #expect(update.faults == [.init(type, .treatedAsWithdrawn)])
        }
    }

    @Test func whatBelongsToTwoOctetsIsTakenThere() throws {
        let attributes = "40010100 400204 0201 fc00 400304 c0000201 c00706 fc00c0000201"
        let beside = "c01106 0201 fa56ea01 c01208 fa56ea01c0000201"
        let update = try Self.read(Self.update(attributes + beside), Codec(hasFourOctetASNs: false))
        #expect(update.faults.isEmpty && update.attributes.asPath == Self.sequence)
        let broken = try Self.read(
            Self.update(attributes + "c01106 0202 fa56ea01"), Codec(hasFourOctetASNs: false))
        #expect(broken.faults == [.init(17, .discarded)])
    }

    /// Unknown attributes that are optional, and routes of families that are not lbd's, are no faults.
    @Test func whatIsNotKnownIsPassedOver() throws {
        let update = try Self.read(
            Self.update(Self.mandatory + "c0ff03 010203 80fe00 800e0d 4004 47 04 c0000201 00 01020304 800f04 00014601"))
        #expect(update.faults.isEmpty && update.reach == nil && update.unreach == nil)
    }

    // MARK: What ends the session

    static let errors: [(String, BGPError)] = [
        ("001702 0001 0000", .malformedAttributeList),
        ("001702 0000 0001", .malformedAttributeList),
        ("001902 0002 210a 0000", .invalidNetwork),
        ("001902 0002 180a 0000", .invalidNetwork),
        ("001902 0000 0000 210a", .invalidNetwork),
        ("001b02 0000 0004 40640100", .unrecognizedWellKnownAttribute([0x40, 0x64, 1, 0])),
        ("001e02 0000 0007 800e04 00020110", .malformedRoutes([0x80, 14, 4, 0, 2, 1, 16])),
        (
            "002402 0000 000d 800e0a 0001 01 05 c000020100 00",
            .malformedRoutes([0x80, 14, 10] + bytes("00010105c00002010000"))
        ),
        ("001f02 0000 0008 800f05 000201 8120", .malformedRoutes([0x80, 15, 5, 0, 2, 1, 0x81, 0x20])),
        ("001c02 0000 0005 800f02 0002", .malformedRoutes([0x80, 15, 2, 0, 2])),
        ("002302 0000 000c 800f03 000201 800f03 000201", .malformedAttributeList),
    ]

    @Test(arguments: errors) func whatEndsTheSession(hex: String, error: BGPError) {
        #expect(throws: error) { try Codec().decode(message(hex)[...]) }
    }

    @Test func prefixesAreReadAndWritten() {
        for text in ["0.0.0.0/0", "128.0.0.0/1", "10.0.0.0/8", "10.128.0.0/9", "192.0.2.1/32"] as [Prefix] {
            var writer = ByteWriter()
            text.write(to: &writer)
            #expect(writer.bytes.count == text.encodedLength)
            #expect(Prefix.list(writer.bytes[...], .ipv4) == [text])
        }
        var writer = ByteWriter()
        let long: [Prefix] = ["::/0", "2001:db8::1/128", "fe80::/10"]
        for prefix in long { prefix.write(to: &writer) }
        #expect(Prefix.list(writer.bytes[...], .ipv6) == long)
        #expect(Prefix.list([129], .ipv6) == nil)
    }
}
