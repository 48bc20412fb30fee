import Testing
import Wire

@Suite struct ByteTests {
    private static let packet: [UInt8] = [
        0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F,
        // 10.77.4.10, 02:00:0a:4d:00:0b, fd00::1
        0x0A, 0x4D, 0x04, 0x0A, 0x02, 0x00, 0x0A, 0x4D, 0x00, 0x0B,
        0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
        0xFE, 0xFF,
    ]

    @Test func fieldsReadInNetworkByteOrder() throws {
        var reader = ByteReader(Self.packet)
        #expect(try reader.read(UInt8.self) == 0x01)
        #expect(try reader.read(UInt16.self) == 0x0203)
        #expect(try reader.read(UInt32.self) == 0x0405_0607)
        #expect(try reader.read(UInt64.self) == 0x0809_0A0B_0C0D_0E0F)
        #expect(try reader.readIPv4Address().description == "10.77.4.10")
        #expect(try reader.readMACAddress().description == "02:00:0a:4d:00:0b")
        #expect(try reader.readIPv6Address().description == "fd00::1")
        #expect(try reader.read(2) == [0xFE, 0xFF])
        #expect(reader.remaining == 0)
    }

    @Test func fieldsWriteInNetworkByteOrder() throws {
        var writer = ByteWriter()
        writer.write(UInt8(0x01))
        writer.write(UInt16(0x0203))
        writer.write(UInt32(0x0405_0607))
        writer.write(UInt64(0x0809_0A0B_0C0D_0E0F))
        writer.write(IPv4Address(rawValue: 0x0A4D_040A))
        writer.write(MACAddress(rawValue: 0x0200_0A4D_000B))
        writer.write(IPv6Address(high: 0xFD00_0000_0000_0000, low: 1))
        writer.write([0xFE, 0xFF])
        #expect(writer.bytes == Self.packet)
        writer.removeAll()
        writer.write([7])
        #expect(writer.bytes == [7])
    }

    @Test func nativeFieldsAreInTheMachinesOrder() throws {
        var writer = ByteWriter()
        writer.writeNative(UInt16(0x0102))
        writer.writeNative(UInt32(0x0304_0506))
        var reader = ByteReader(writer.bytes)
        #expect(try reader.readNative(UInt16.self) == 0x0102)
        #expect(try reader.readNative(UInt32.self) == 0x0304_0506)
        var one = ByteReader(withUnsafeBytes(of: UInt32(1)) { Array($0) })
        #expect(try one.readNative(UInt32.self) == 1)
    }

    @Test func aSliceIsReadFromItsOwnBeginning() throws {
        var reader = ByteReader(Self.packet[15..<19])
        #expect(try reader.readIPv4Address().description == "10.77.4.10")
        #expect(reader.remaining == 0)
    }

    @Test func aFieldThatDoesNotFitThrowsAndConsumesNothing() throws {
        for available in 0..<16 {
            var reader = ByteReader([UInt8](repeating: 0, count: available))
            #expect(throws: WireError.truncated(needed: 16, available: available)) { try reader.readIPv6Address() }
            if available < 8 {
                #expect(throws: WireError.truncated(needed: 8, available: available)) { try reader.read(UInt64.self) }
            }
            if available < 6 {
                #expect(throws: WireError.truncated(needed: 6, available: available)) { try reader.readMACAddress() }
            }
            if available < 4 {
                #expect(throws: WireError.truncated(needed: 4, available: available)) { try reader.readIPv4Address() }
                #expect(throws: WireError.truncated(needed: 4, available: available)) {
                    try reader.readNative(UInt32.self)
                }
            }
            #expect(throws: WireError.truncated(needed: 17, available: available)) { try reader.read(17) }
            #expect(throws: WireError.truncated(needed: -1, available: available)) { try reader.read(-1) }
            #expect(reader.remaining == available)
        }
    }
}

@Suite struct MACAddressTests {
    @Test func textReadsAsItIsWritten() {
        let address = MACAddress(rawValue: 0xB827_EB12_34FF)
        #expect(MACAddress("b8:27:eb:12:34:ff") == address && MACAddress("B8:27:EB:12:34:FF") == address)
        #expect(MACAddress(address.description) == address)
    }

    @Test(arguments: [
        "", "b8:27:eb:12:34", "b8:27:eb:12:34:ff:00", "b8:27:eb:12:34:+f", "b8:27:eb:12:34:f", "b8-27-eb-12-34-ff",
    ])
    func anythingElseIsRefused(text: String) {
        #expect(MACAddress(text) == nil)
    }

    @Test func makersAndProgramsAreToldApart() {
        #expect(!MACAddress(rawValue: 0xB827_EB12_3456).isLocal)
        #expect(MACAddress(rawValue: 0x0200_C0A8_020B).isLocal)
    }

    @Test(arguments: [
        (0, "00:00:00:00:00:00"), (0x0200_0A4D_000B, "02:00:0a:4d:00:0b"), (0xFFFF_FFFF_FFFF, "ff:ff:ff:ff:ff:ff"),
        (0xDCA6_3201_0203, "dc:a6:32:01:02:03"),
    ])
    func itWritesAsSixPairs(rawValue: UInt64, text: String) {
        #expect(MACAddress(rawValue: rawValue).description == text)
    }

    @Test func bitsBeyondTheFortyEighthAreDropped() {
        #expect(MACAddress(rawValue: .max) == .broadcast)
        #expect(MACAddress(rawValue: 1 << 48) == .zero)
    }

    @Test func theGroupBitTellsMulticast() {
        #expect(MACAddress.broadcast.isMulticast)
        #expect(MACAddress(rawValue: 0x0100_5E00_0001).isMulticast)
        #expect(!MACAddress(rawValue: 0x0200_0A4D_000B).isMulticast)
        #expect(!MACAddress.zero.isMulticast)
    }

    @Test func partsAreCutAtTheirEndsAndBounded() {
        var buffer = DelimitedBuffer(delimiter: UInt8(ascii: "\n"), limitBytes: 4)
        #expect(buffer.append(Array("ab\n\ncd".utf8)) == [Array("ab".utf8)])
        #expect(buffer.append(Array("ef\ng\n".utf8)) == [Array("cdef".utf8), Array("g".utf8)])
        #expect(buffer.isEmpty)
        #expect(buffer.append(Array("x\nabcde\ny\n".utf8)) == [Array("x".utf8)])
        #expect(buffer.isOverflowing)
        #expect(buffer.append(Array("z\n".utf8)).isEmpty)
    }
}
