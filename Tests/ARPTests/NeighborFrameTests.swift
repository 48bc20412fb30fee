import Testing
import Wire

@testable import ARP

@Suite struct NeighborFrameTests {
    private static let all = [
        NeighborCapture.solicitation, NeighborCapture.advertisement, NeighborCapture.unicastSolicitation,
        NeighborCapture.bareAdvertisement, NeighborCapture.probe,
    ]

    private func written(_ frame: NeighborFrame) -> [UInt8] {
        var writer = ByteWriter()
        frame.write(to: &writer)
        return writer.bytes
    }

    /// `frame` with one byte changed and the right checksum all the same, so that the byte itself is what is judged.
    private func changed(_ frame: [UInt8], _ offset: Int, _ byte: UInt8) -> [UInt8] {
        var frame = frame
        frame[offset] = byte
        frame[56] = 0
        frame[57] = 0
        var sum = frame[22..<54].enumerated().reduce(UInt32(frame.count - 54 + 58)) {
            $0 + UInt32($1.element) << ($1.offset % 2 == 0 ? 8 : 0)
        }
        sum += frame[54...].enumerated().reduce(0) { $0 + UInt32($1.element) << ($1.offset % 2 == 0 ? 8 : 0) }
        while sum > 0xFFFF { sum = sum >> 16 + sum & 0xFFFF }
        frame[56] = UInt8(truncatingIfNeeded: ~sum >> 8)
        frame[57] = UInt8(truncatingIfNeeded: ~sum)
        return frame
    }

    @Test func aSolicitationReadsAndWritesAsCaptured() throws {
        let expected = NeighborFrame(
            destination: MACAddress(rawValue: 0x3333_FF00_000C), source: mac(0x0B), sourceAddress: address6(0x0B),
            destinationAddress: address6(0x0C).solicitedNodeGroup,
            message: .solicitation(NeighborSolicitation(target: address6(0x0C), sourceHardwareAddress: mac(0x0B))))
        #expect(try NeighborFrame(NeighborCapture.solicitation[...]) == expected)
        #expect(written(expected) == NeighborCapture.solicitation)
    }

    @Test func anAdvertisementReadsAndWritesAsCaptured() throws {
        let expected = NeighborFrame(
            destination: mac(0x0B), source: mac(0x0C), sourceAddress: address6(0x0C),
            destinationAddress: address6(0x0B),
            message: .advertisement(
                NeighborAdvertisement(
                    flags: [.solicited, .override], target: address6(0x0C), targetHardwareAddress: mac(0x0C))))
        #expect(try NeighborFrame(NeighborCapture.advertisement[...]) == expected)
        #expect(written(expected) == NeighborCapture.advertisement)
    }

    @Test func whatIsOptionalMayBeMissing() throws {
        let frame = try NeighborFrame(NeighborCapture.bareAdvertisement[...])
        guard case .advertisement(let message) = frame.message else {
            Issue.record("another message: \(frame)")
            return
        }
        #expect(message.targetHardwareAddress == nil)
        #expect(message.flags == .solicited)
        #expect(written(frame) == NeighborCapture.bareAdvertisement)
    }

    @Test func anOptionThatIsNotKnownIsPassedOver() throws {
        let frame = try NeighborFrame(NeighborCapture.probe[...])
        #expect(frame.sourceAddress == .unspecified)
        #expect(
            frame.message == .solicitation(NeighborSolicitation(target: address6(0x0D), sourceHardwareAddress: nil)))
    }

    @Test func paddingIsLeftOut() throws {
        let padded = NeighborCapture.bareAdvertisement + [1, 2, 3, 4]
        #expect(written(try NeighborFrame(padded[...])) == NeighborCapture.bareAdvertisement)
    }

    @Test func everyFrameThatIsCutShortIsRefused() {
        for frame in Self.all {
            for length in frame.indices {
                #expect(throws: WireError.self) { try NeighborFrame(frame.prefix(length)) }
            }
        }
    }

    /// The header's version and all that the checksum covers; flow label, Ethernet addresses and length are not in it.
    @Test func oneWrongBitIsRefused() {
        for frame in Self.all {
            for offset in frame.indices where offset >= 20 {
                for bit in 0..<8 {
                    var wrong = frame
                    wrong[offset] ^= 1 << UInt8(bit)
                    #expect(throws: WireError.self, "byte \(offset), bit \(bit)") { try NeighborFrame(wrong[...]) }
                }
            }
        }
    }

    @Test(
        arguments: [
            // IPv4 inside; version 4; a hop-by-hop header; hop limit 254, from beyond a router; code 1; an echo request.
            (13, 0x00), (14, 0x40), (20, 0x00), (21, 254), (55, 1), (54, 128),
            // A sender that is a group. A target that is a group; an option without a length; one that is longer than the rest.
            (22, 0xFF), (62, 0xFF), (79, 0), (79, 2),
        ] as [(Int, UInt8)])
    func whatIsNotValidIsRefused(offset: Int, byte: UInt8) throws {
        _ = try NeighborFrame(changed(NeighborCapture.solicitation, 53, 0x0C)[...])
        #expect(throws: WireError.self) {
            try NeighborFrame(changed(NeighborCapture.solicitation, offset, byte)[...])
        }
    }

    @Test func aProbeIsToTheGroupAndTellsNoEthernetAddress() {
        // To all nodes; with the option of a source.
        #expect(throws: WireError.self) { try NeighborFrame(changed(NeighborCapture.probe, 53, 0x0E)[...]) }
        #expect(throws: WireError.self) { try NeighborFrame(changed(NeighborCapture.probe, 78, 1)[...]) }
    }

    @Test func anAnswerToAllIsNoneToSomebody() {
        var frame = NeighborCapture.advertisement
        frame.replaceSubrange(38..<54, with: bytes("ff020000000000000000000000000001"))
        #expect(throws: WireError.self) { try NeighborFrame(changed(frame, 58, 0x60)[...]) }
        #expect(throws: Never.self) { try NeighborFrame(changed(frame, 58, 0x20)[...]) }
    }
}
