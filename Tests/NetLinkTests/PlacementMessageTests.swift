import NetLink
import Testing
import Wire

/// The requests that place addresses, and what a Linux 6.18 kernel tells of the placed ones, as little-endian machines have
/// them.
@Suite struct PlacementMessageTests {
    private static let four = Holding(.v4(IPv4Address(rawValue: 0xC0A8_0280)), on: 3)
    private static let six = Holding(.v6(IPv6Address(high: 0xFD00_0002_0000_0000, low: 0x1000)), on: 3)

    @Test func anAddressIsPutOnAnInterface() {
        // family, /32, no flags, RT_SCOPE_HOST, index 3; IFA_LOCAL; IFA_ADDRESS; IFA_FLAGS 0x202; IFA_CACHEINFO: 0 s preferred,
        // 6 s valid; IFA_PROTO.
        #expect(
            Message.hold(Self.four, scope: .host, seconds: 6, replaces: false, sequence: 7).bytes
                == bytes(
                    "4c000000140005060700000000000000" + "022000fe03000000" + "08000200c0a80280" + "08000100c0a80280"
                        + "0800080002020000" + "14000600" + "00000000060000000000000000000000" + "05000b006c000000"))
        #expect(
            Message.hold(Self.six, scope: .universe, seconds: 6, replaces: true, sequence: 8).bytes
                == bytes(
                    "64000000140005050800000000000000" + "0a80000003000000"
                        + "14000200fd000002000000000000000000001000" + "14000100fd000002000000000000000000001000"
                        + "0800080002020000" + "14000600" + "00000000060000000000000000000000" + "05000b006c000000"))
    }

    @Test func anAddressIsTakenOff() {
        #expect(
            Message.drop(Self.four, sequence: 9).bytes
                == bytes(
                    "28000000150005000900000000000000" + "0220000003000000" + "08000200c0a80280" + "08000100c0a80280"))
    }

    @Test func theInterfaceIsAskedForMadeAndRemoved() {
        #expect(
            Message.deviceRequest(sequence: 1).bytes
                == bytes(
                    "34000000120001000100000000000000" + "00000000000000000000000000000000"
                        + "090003006c62643000000000" + "08001d0008000000"))
        // Up; IFLA_IFNAME; IFLA_GROUP; IFLA_LINKINFO with IFLA_INFO_KIND.
        #expect(
            Message.makeDevice(sequence: 2).bytes
                == bytes(
                    "44000000100005060200000000000000" + "00000000000000000100000001000000"
                        + "090003006c62643000000000" + "08001b0064626c00" + "100012000a00010064756d6d79000000"))
        #expect(
            Message.removeDevice(5, sequence: 3).bytes
                == bytes("20000000110005000300000000000000" + "00000000050000000000000000000000"))
    }

    /// What is asked for is read as what it is, by its mark.
    @Test func aPlacedAddressIsKnownByItsMark() throws {
        for (holding, prefix) in [(Self.four, "192.168.2.128/32"), (Self.six, "fd00:2::1000/128")] {
            let request = Message.hold(holding, scope: .universe, seconds: 6, replaces: false, sequence: 1)
            let read = try #require(try AddressMessage(payload: request.payload))
            #expect(read.isPlaced && read.interfaceIndex == 3 && read.prefix.description == prefix)
        }
        #expect(try AddressMessage(payload: Message.drop(Self.four, sequence: 1).payload)?.isPlaced == false)
    }

    @Test func theInterfaceIsKnownByItsMark() throws {
        let read = try #require(
            try LinkMessage(payload: [0, 0, 0, 0, 5, 0, 0, 0] + Message.makeDevice(sequence: 1).payload.dropFirst(8)))
        #expect(read.name == "lbd0" && read.group == Message.deviceMark && read.index == 5)
    }

    /// Neither the node's networks nor its addresses change with what it places.
    @Test func whatIsPlacedIsNotTheNodesOwn() throws {
        var rng = PRNG(seed: 1)
        var session = Session()
        _ = session.handle(.started, at: .zero, using: &rng)
        _ = session.handle(.received(ArraySlice(Capture.veth + Capture.linksDone)), at: .zero, using: &rng)
        _ = session.handle(.received(ArraySlice(Capture.addressesDone)), at: .zero, using: &rng)
        #expect(session.interfaces.map(\.name) == ["veth0"])
        let placed = Holding(Self.four.address, on: 4)
        let message = Message.hold(placed, scope: .universe, seconds: 6, replaces: false, sequence: 0)
        var told = Message(type: Message.Kind.newAddress, payload: message.payload)
        #expect(session.handle(.received(ArraySlice(told.bytes)), at: .zero, using: &rng) == [])
        #expect(session.interfaces.map(\.addresses) == [[]])
        let link = Message.makeDevice(sequence: 0)
        told = Message(
            type: Message.Kind.newLink, payload: [0, 0, 0, 0, 5, 0, 0, 0] + link.payload.dropFirst(8))
        _ = session.handle(.received(ArraySlice(told.bytes)), at: .zero, using: &rng)
        #expect(session.interfaces.map(\.name) == ["veth0"])
    }
}
