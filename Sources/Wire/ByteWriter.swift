/// Writes fields in network byte order to the end of a growing packet.
public struct ByteWriter: Sendable {
    /// What has been written so far.
    @inlinable public var bytes: [UInt8] { written }

    @usableFromInline var written: [UInt8] = []

    /// An empty packet with room for `capacity` bytes.
    public init(capacity: Int = 64) {
        written.reserveCapacity(capacity)
    }

    /// Starts a new packet in the room that the last one had.
    public mutating func removeAll() {
        written.removeAll(keepingCapacity: true)
    }

    /// Appends an unsigned integer of 1, 2, 4 or 8 bytes in network byte order.
    @inlinable public mutating func write<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
        withUnsafeBytes(of: value.bigEndian) { written.append(contentsOf: $0) }
    }

    /// Appends an unsigned integer in the machine's own byte order, as rtnetlink wants it.
    @inlinable public mutating func writeNative<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
        withUnsafeBytes(of: value) { written.append(contentsOf: $0) }
    }

    /// Appends bytes as they are.
    @inlinable public mutating func write(_ value: some Sequence<UInt8>) {
        written.append(contentsOf: value)
    }

    /// Appends the 4 bytes of an IPv4 address.
    public mutating func write(_ address: IPv4Address) {
        write(address.rawValue)
    }

    /// Appends the 16 bytes of an IPv6 address.
    public mutating func write(_ address: IPv6Address) {
        write(address.high)
        write(address.low)
    }

    /// Appends the 6 bytes of an Ethernet address.
    public mutating func write(_ address: MACAddress) {
        write(UInt16(truncatingIfNeeded: address.rawValue >> 32))
        write(UInt32(truncatingIfNeeded: address.rawValue))
    }
}
