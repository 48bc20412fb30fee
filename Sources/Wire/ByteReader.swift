/// Reads fields in network byte order from the front of a packet. Never reads past its end: a field that does not fit
/// throws `WireError.truncated` and consumes nothing.
public struct ByteReader: Sendable {
    @usableFromInline let bytes: ArraySlice<UInt8>
    @usableFromInline var position: Int

    /// A reader over all of `bytes`.
    public init(_ bytes: some Sequence<UInt8>) {
        self.init(ArraySlice(bytes))
    }

    /// A reader over all of `bytes`, sharing their storage.
    public init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// The number of bytes not yet read.
    @inlinable public var remaining: Int { bytes.endIndex - position }

    /// The next `count` bytes.
    public mutating func read(_ count: Int) throws(WireError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else { throw .truncated(needed: count, available: remaining) }
        defer { position += count }
        return bytes[position..<position + count]
    }

    // Inlinable, as the writer's twin is: every packet goes through it, and from another module the generic form costs
    // a microsecond a field.
    /// The next 1, 2, 4 or 8 bytes as an unsigned integer in network byte order.
    @inlinable public mutating func read<T: FixedWidthInteger & UnsignedInteger>(
        _: T.Type = T.self
    ) throws(WireError) -> T {
        let count = T.bitWidth / 8
        guard count <= remaining else { throw .truncated(needed: count, available: remaining) }
        var value: T = 0
        for offset in 0..<count { value = value << 8 | T(truncatingIfNeeded: bytes[position + offset]) }
        position += count
        return value
    }

    /// The next 2 or 4 bytes as an unsigned integer in the machine's own byte order, as rtnetlink has them.
    @inlinable public mutating func readNative<T: FixedWidthInteger & UnsignedInteger>(_: T.Type = T.self)
        throws(WireError) -> T
    {
        T(bigEndian: try read(T.self))
    }

    /// The next 4 bytes as an IPv4 address.
    public mutating func readIPv4Address() throws(WireError) -> IPv4Address {
        IPv4Address(rawValue: try read(UInt32.self))
    }

    /// The next 16 bytes as an IPv6 address.
    public mutating func readIPv6Address() throws(WireError) -> IPv6Address {
        guard remaining >= 16 else { throw .truncated(needed: 16, available: remaining) }
        return IPv6Address(high: try read(), low: try read())
    }

    /// The next 6 bytes as an Ethernet address.
    public mutating func readMACAddress() throws(WireError) -> MACAddress {
        guard remaining >= 6 else { throw .truncated(needed: 6, available: remaining) }
        let high = try read(UInt16.self)
        let low = try read(UInt32.self)
        return MACAddress(rawValue: UInt64(high) << 32 | UInt64(low))
    }
}
