import Testing
import Wire

@testable import BGP

/// BFD Control packets, as BIRD 2.0.12 sent them with the key "swordfish" (keyed SHA-1, key 7).
@Suite struct BFDPacketTests {
    static let signed = [
        "2044033487aa3c6500000000000f42400000c35000000000041c07000e9e114bbaa6d0dbd55daa87902a2a15f4f316c081b546dc",
        "2044033487aa3c6500000000000f42400000c35000000000041c07000e9e114cbef38b257a4693575ba4f2acc327d5fe911f98e1",
        "2044033487aa3c6500000000000f42400000c35000000000041c07000e9e114d06701d452caf3be2b703f5f9d087900f653b3678",
    ].map { bytes($0) }

    static let key = BFD.Authentication(keyID: 7, key: "swordfish".utf8)

    static let plain = BFD.ControlPacket(
        diagnostic: .neighborSignaledDown, state: .up, isPoll: true, isControlPlaneIndependent: true,
        detectMultiplier: 3, myDiscriminator: 0x0102_0304, yourDiscriminator: 0x0506_0708,
        desiredMinTxMicroseconds: 50_000, requiredMinRxMicroseconds: 60_000, requiredMinEchoRxMicroseconds: 7)

    static let plainBytes = bytes("23 e8 03 18 01020304 05060708 0000c350 0000ea60 00000007")

    @Test func bytesBothWays() throws {
        #expect(Self.plain.bytes == Self.plainBytes)
        #expect(try BFD.ControlPacket(Self.plainBytes[...]) == Self.plain)
        // Datagrams may be longer than packets.
        #expect(try BFD.ControlPacket((Self.plainBytes + [1, 2, 3])[...]) == Self.plain)
        for bytes in Self.signed {
            let packet = try BFD.ControlPacket(bytes[...])
            #expect(packet.bytes == bytes)
            #expect(packet.state == .down && packet.desiredMinTxMicroseconds == 1_000_000)
            #expect(packet.requiredMinRxMicroseconds == 50_000 && packet.authentication?.type == 4)
        }
        #expect(BFD.ControlPacket.yourDiscriminator(of: Self.plainBytes[...]) == 0x0506_0708)
        #expect(BFD.ControlPacket.yourDiscriminator(of: [1, 2]) == nil)
    }

    @Test func whatIsCutShortIsRefused() {
        for bytes in Self.signed + [Self.plainBytes] {
            for count in bytes.indices {
                #expect(throws: WireError.self) { try BFD.ControlPacket(bytes[..<count]) }
            }
        }
    }

    /// RFC 5880 section 6.8.6: what is dropped whatever session it is for.
    @Test(arguments: [
        (0, UInt8(0x03), "version"), (1, 0xE9, "multipoint"), (2, 0, "detection multiplier"), (3, 23, "length"),
    ])
    func fieldsThatAreRefused(place: Int, value: UInt8, field: String) {
        var bytes = Self.plainBytes
        bytes[place] = value
        #expect {
            try BFD.ControlPacket(bytes[...])
        } throws: { error in
            guard case .invalid(field, _)? = error as? WireError else { return false }
            return true
        }
    }

    @Test func lengthsThatDoNotFitAreRefused() {
        var bytes = Self.plainBytes
        bytes[3] = 25
        #expect(throws: WireError.truncated(needed: 25, available: 24)) { try BFD.ControlPacket(bytes[...]) }
        // A flag for a proof that is not there; a proof that is longer than the packet, or shorter than its head.
        bytes[3] = 24
        bytes[1] |= 4
        #expect(throws: WireError.invalid(field: "length", value: 24)) { try BFD.ControlPacket(bytes[...]) }
        for length in [1, 29] as [UInt8] {
            var bytes = Self.signed[0]
            bytes[25] = length
            #expect(throws: WireError.invalid(field: "length of the authentication", value: UInt64(length))) {
                try BFD.ControlPacket(bytes[...])
            }
        }
        bytes = Self.plainBytes
        bytes.replaceSubrange(4..<8, with: [0, 0, 0, 0])
        #expect(throws: WireError.invalid(field: "my discriminator", value: 0)) { try BFD.ControlPacket(bytes[...]) }
    }

    // MARK: Authentication

    @Test func whatAPeerSignedIsVerifiedAndSignedAlike() throws {
        for (index, bytes) in Self.signed.enumerated() {
            var packet = try BFD.ControlPacket(bytes[...])
            #expect(Self.key.verify(packet, bytes[...]) == 0x0E9E_114B + UInt32(index))
            packet.authentication = nil
            #expect(Self.key.sign(packet, sequence: 0x0E9E_114B + UInt32(index)) == bytes)
        }
    }

    @Test func whatWasChangedIsNotAuthentic() throws {
        // The flags, an interval, the sequence number, the digest.
        for place in [0, 14, 30, 51] {
            var bytes = Self.signed[0]
            bytes[place] ^= 1
            let packet = try BFD.ControlPacket(bytes[...])
            #expect(Self.key.verify(packet, bytes[...]) == nil)
        }
        let packet = try BFD.ControlPacket(Self.signed[0][...])
        for other in [
            BFD.Authentication(keyID: 8, key: "swordfish".utf8), .init(keyID: 7, key: "swordfisj".utf8),
            .init(keyID: 7, key: "swordfish".utf8, isMeticulous: true),
        ] { #expect(other.verify(packet, Self.signed[0][...]) == nil) }
    }
}
