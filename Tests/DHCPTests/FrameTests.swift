import DHCP
import Testing
import Wire

@Suite struct FrameTests {
    private let discover = Frame(
        destination: .broadcast, source: own, sourceAddress: .unspecified, destinationAddress: everybody,
        sourcePort: 68,
        destinationPort: 67,
        message: Message(
            operation: .request, transactionID: 0x1122_3344, isBroadcast: true, clientHardwareAddress: client,
            options: [
                Option(.messageType, [1]), Option(.clientIdentifier, [1, 0x02, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5]),
                Option(.parameterRequestList, [1, 3]),
            ]))

    @Test func aQuestionReadsAndWritesAsItIsLaidOut() throws {
        #expect(written(discover) == Bytes.discover)
        #expect(try Frame(Bytes.discover[...]) == discover)
    }

    @Test func anOfferReads() throws {
        let frame = try Frame(Bytes.offer[...])
        #expect(frame.source == MACAddress(rawValue: 0x0200_C0A8_0201) && frame.sourceAddress == server)
        #expect((frame.sourcePort, frame.destinationPort) == (67, 68))
        let message = frame.message
        #expect(message.operation == .reply && message.kind == .offer && message.transactionID == 0x1122_3344)
        #expect(message.yourAddress.description == "192.168.2.130" && message.serverIdentifier == server)
        #expect(message.clientHardwareAddress == client && message.relayAddress == .unspecified)
        #expect(message[.subnetMask] == [255, 255, 255, 0] && message[.router] == nil)
    }

    /// The last bytes are padding behind the options, and behind the datagram Ethernet's.
    @Test func whatIsCutShortIsRefused() throws {
        for length in 0..<Bytes.offer.count {
            #expect(throws: WireError.self) { try Frame(Bytes.offer.prefix(length)) }
        }
        #expect(try Frame((Bytes.offer + [0, 0, 0])[...]) == Frame(Bytes.offer[...]))
    }

    @Test(arguments: [
        // ARP inside; IPv6's version; a wrong checksum; TCP; more fragments; a UDP length of less than its header.
        (12, [0x08, 0x06]), (14, [0x65]), (24, [0x00, 0x00]), (23, [0x06]), (20, [0x20]), (38, [0x00, 0x07]),
        // An operation and a hardware that there are not, and another cookie.
        (42, [3]), (43, [6]), (278, [0x63, 0x82, 0x53, 0x64]),
    ])
    func anotherProtocolIsRefused(offset: Int, change: [UInt8]) {
        var frame = Bytes.offer
        frame.replaceSubrange(offset..<offset + change.count, with: change)
        #expect(throws: WireError.self) { try Frame(frame[...]) }
    }

    /// A header with options of its own (RFC 791 section 3.1) is longer.
    @Test func optionsOfIPv4ArePassedOver() throws {
        var frame = Array(Bytes.offer)
        frame.replaceSubrange(14..<34, with: bytes("4600014c000000004011 b3f7 c0a80201 ffffffff 01010100"))
        #expect(try Frame(frame[...]).message == Frame(Bytes.offer[...]).message)
    }

    @Test func longOptionsAreSplitAndJoined() throws {
        var frame = discover
        let long = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
        frame.message.options.append(Option(Option.Code(rawValue: 43), long))
        #expect(try Frame(written(frame)[...]).message[Option.Code(rawValue: 43)] == long)
    }

    @Test func anOptionThatIsCutShortIsRefused() {
        var frame = Bytes.offer
        // The length of the message type reaches beyond the end.
        frame[283] = 255
        #expect(throws: WireError.self) { try Frame(frame[...]) }
    }

    @Test func theFilterLetsOffersThroughAndNothingElse() throws {
        #expect(try BPFMachine.run(Filter.replies, on: Bytes.offer) > 0)
        #expect(try BPFMachine.run(Filter.replies, on: Bytes.discover) == 0)
        var frame = Bytes.offer
        // A later fragment has no ports.
        frame[21] = 1
        #expect(try BPFMachine.run(Filter.replies, on: frame) == 0)
        for (offset, value) in [(12, UInt8(0x86)), (23, 6), (37, 67)] {
            var frame = Bytes.offer
            frame[offset] = value
            #expect(try BPFMachine.run(Filter.replies, on: frame) == 0)
        }
        #expect(try BPFMachine.run(Filter.replies, on: Array(Bytes.offer.prefix(36))) == 0)
    }
}
