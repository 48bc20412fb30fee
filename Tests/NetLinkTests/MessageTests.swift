import NetLink
import Testing
import Wire

@Suite struct MessageTests {
    private func messages(_ datagram: [UInt8]) throws -> [Message] {
        var reader = ByteReader(datagram)
        var messages: [Message] = []
        while let message = try Message.next(in: &reader) { messages.append(message) }
        return messages
    }

    private func payload(_ datagram: [UInt8]) throws -> ArraySlice<UInt8> {
        try #require(try messages(datagram).first).payload
    }

    @Test func aDatagramOfSeveralMessagesIsReadToItsEnd() throws {
        let read = try messages(Capture.port + Capture.loopbackAddress + Capture.linksDone)
        #expect(read.map(\.type) == [16, 20, 3])
        #expect(read.map(\.sequence) == [1, 2, 1])
        #expect(read.map(\.flags) == [.multipart, .multipart, .multipart])
        #expect(read.map(\.payload.count) == [68, 60, 4])
    }

    @Test func aMessageWritesTheBytesItWasReadFrom() throws {
        for capture in [Capture.bridge, Capture.addressGone, Capture.linksDone] {
            #expect(try messages(capture).map(\.bytes) == [capture])
        }
    }

    @Test func aMessageOfUnevenLengthIsPaddedAndItsPaddingSkipped() throws {
        let uneven = Message(type: 99, sequence: 7, payload: [1, 2, 3, 4, 5])
        #expect(uneven.bytes == bytes("15000000630000000700000000000000" + "0102030405000000"))
        #expect(try messages(uneven.bytes + Capture.linksDone).map(\.type) == [99, 3])
        #expect(try messages(Array(uneven.bytes.dropLast(3))).map(\.payload) == [[1, 2, 3, 4, 5]])
    }

    @Test func theDumpRequestsAreWhatTheKernelWants() {
        #expect(
            Message.linkDump(sequence: 1).bytes
                == bytes("280000001200010301000000000000000000000000000000000000000000000008001d0008000000"))
        #expect(
            Message.addressDump(sequence: 2).bytes == bytes("1800000016000103" + "02000000000000000000000000000000"))
    }

    @Test(arguments: [
        "0f000000030000000000000000000000", "00000000030000000000000000000000", "ffffffff030000000000000000000000",
        "15000000030002000100000000000000" + "00000000", "1000000003",
    ])
    func aLengthThatCannotBeIsRefused(hex: String) {
        #expect(throws: WireError.self) { try messages(bytes(hex)) }
    }

    @Test func aLinkIsRead() throws {
        let link = try #require(try LinkMessage(payload: try payload(Capture.port)))
        let expected = LinkMessage(
            index: 3, flags: 0x11043, name: "veth1", macAddress: MACAddress(rawValue: 0x0200_0A4D_000C), masterIndex: 2)
        #expect(link == expected)
    }

    @Test(arguments: [(Capture.bondFailover, false), (Capture.bondNotifiesPeers, true)])
    func thatThePeersAreToldAnewIsRead(capture: [UInt8], notifiesPeers: Bool) throws {
        let link = try #require(try LinkMessage(payload: try payload(capture)))
        let expected = LinkMessage(
            index: 4, flags: 0x11443, name: "b0", macAddress: MACAddress(rawValue: 0x0200_0A4D_000B),
            notifiesPeers: notifiesPeers)
        #expect(link == expected)
    }

    @Test func aLinkWithoutAnEthernetAddressHasNone() throws {
        var tunnel = try payload(Capture.veth)
        // IFLA_ADDRESS of 4 bytes, as an IPIP tunnel has it, in place of the one of 6.
        tunnel.removeLast(24)
        tunnel += bytes("080001000a4d000b")
        let link = try #require(try LinkMessage(payload: tunnel))
        #expect(link.macAddress == nil)
        #expect(link.name == "veth0")
    }

    @Test func whatDoesNotDescribeAWholeLinkIsPassedOver() throws {
        #expect(try LinkMessage(payload: try payload(Capture.portLeftBridge)) == nil)
        // IFLA_WIRELESS: an event of a wireless driver, which leaves the other attributes out.
        let wireless = try payload(Capture.veth).prefix(28) + bytes("08000b00158b0000")
        #expect(try LinkMessage(payload: wireless) == nil)
    }

    @Test(arguments: [
        // No name; index 0; a negative index; an attribute longer than the message; one shorter than its header.
        "00000100040000004310010000000000", "000001000000000043100100000000000a00030076657468300000",
        "00000100ffffffff43100100000000000a00030076657468300000",
        "000001000400000043100100000000001000030076657468300000",
        "00000100040000004310010000000000030003007665746830000000",
        // IFLA_EVENT of 2 bytes.
        "00000100040000004310010000000000" + "0a00030076657468300000" + "00" + "06002c000400",
        // IFLA_MASTER of 2 bytes; a header cut short.
        "00000100040000004310010000000000" + "0a00030076657468300000" + "00" + "06000a000200", "0000010004000000431001",
    ])
    func aMalformedLinkIsRefused(hex: String) {
        #expect(throws: WireError.self) { try LinkMessage(payload: ArraySlice(bytes(hex))) }
    }

    @Test(arguments: [
        (Capture.loopbackAddress, 1, "127.0.0.1/8"), (Capture.address, 4, "10.77.0.11/24"),
        (Capture.addressWithPeer, 4, "10.9.0.1/32"), (Capture.ipv6Address, 4, "fd00::b/64"),
        (Capture.addressGone, 4, "10.77.0.11/24"),
    ])
    func anAddressIsRead(capture: [UInt8], index: UInt32, prefix: String) throws {
        let address = try #require(try AddressMessage(payload: try payload(capture)))
        #expect(address.interfaceIndex == index)
        #expect(address.prefix.description == prefix)
    }

    @Test(arguments: [
        (Capture.ipv6Address, AddressState(createdAt: 0xC2A7B)),
        (Capture.deprecated, AddressState(isDeprecated: true, createdAt: 0xC2A7B)),
    ])
    func whetherAnAddressIsDeprecatedIsRead(capture: [UInt8], state: AddressState) throws {
        #expect(try AddressMessage(payload: try payload(capture))?.state == state)
    }

    @Test func anAddressOfUnknownAgeIsRead() throws {
        let address = try AddressMessage(payload: ArraySlice(bytes("0218800004000000080001000a4d000b")))
        #expect(address?.state == AddressState())
    }

    @Test func anAddressOfAnotherFamilyIsPassedOver() throws {
        #expect(try AddressMessage(payload: ArraySlice(bytes("1c18800004000000080001000a4d000b"))) == nil)
    }

    @Test(arguments: [
        // No address; 33 bits; 129 bits; an IPv4 address of 3 bytes; an IPv6 address of 4; index 0; cut short.
        "0218800004000000", "0221800004000000080001000a4d000b",
        "0a8180000400000014000100fd00000000000000000000000000000b", "0218800004000000070001000a4d0000",
        "0a40800004000000080001000a4d000b", "0218800000000000080001000a4d000b", "021880000400",
        // An IFA_CACHEINFO of 8 bytes.
        "0218800004000000080001000a4d000b" + "0c000600ffffffffffffffff",
    ])
    func aMalformedAddressIsRefused(hex: String) {
        #expect(throws: WireError.self) { try AddressMessage(payload: ArraySlice(bytes(hex))) }
    }
}
