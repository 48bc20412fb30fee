import ARP
import Testing
import Wire

@Suite struct EthernetFrameTests {
    @Test func aRequestReadsAndWritesAsCaptured() throws {
        let expected = EthernetFrame(
            destination: .broadcast, source: mac(0x0B),
            packet: Packet(
                operation: .request, senderHardwareAddress: mac(0x0B), senderProtocolAddress: address(0, 11),
                targetHardwareAddress: .zero, targetProtocolAddress: address(0, 1)))
        #expect(try EthernetFrame(Capture.request[...]) == expected)
        #expect(written(expected) == Capture.request)
    }

    @Test func aReplyReadsAndWritesAsCaptured() throws {
        let expected = EthernetFrame(
            destination: mac(0x0B), source: mac(0x01),
            packet: Packet(
                operation: .reply, senderHardwareAddress: mac(0x01), senderProtocolAddress: address(0, 1),
                targetHardwareAddress: mac(0x0B), targetProtocolAddress: address(0, 11)))
        #expect(try EthernetFrame(Capture.reply[...]) == expected)
        #expect(written(expected) == Capture.reply)
    }

    @Test func paddingIsLeftOut() throws {
        let frame = try EthernetFrame(Capture.gratuitousRequest[...])
        #expect(frame.packet.senderProtocolAddress == frame.packet.targetProtocolAddress)
        #expect(written(frame) == Array(Capture.gratuitousRequest.prefix(42)))
    }

    @Test func everyFrameThatIsCutShortIsRefused() {
        for length in 0..<EthernetFrame.length {
            #expect(throws: WireError.self) { try EthernetFrame(Capture.request.prefix(length)) }
        }
    }

    @Test(arguments: [
        // IPv4 inside; an 802.1Q tag; hardware type 6; protocol type IPv6; addresses of 8 and of 16 bytes.
        (12, [0x08, 0x00]), (12, [0x81, 0x00]), (14, [0x00, 0x06]), (16, [0x86, 0xDD]), (18, [8]), (19, [16]),
    ])
    func anotherProtocolIsRefused(offset: Int, change: [UInt8]) {
        var frame = Capture.request
        frame.replaceSubrange(offset..<offset + change.count, with: change)
        #expect(throws: WireError.self) { try EthernetFrame(frame[...]) }
    }

    @Test func anUnknownOperationIsKept() throws {
        var frame = Capture.request
        frame[21] = 3
        #expect(try EthernetFrame(frame[...]).packet.operation == Packet.Operation(rawValue: 3))
        #expect(written(try EthernetFrame(frame[...])) == frame)
    }
}
