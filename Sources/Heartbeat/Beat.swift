internal import Wire

/// A sign of life.
public struct Beat: Hashable, Sendable {
    /// How many addresses the sender answers for. Who answers for none is silent after a few beats that say so.
    public var claimCount: UInt32
    /// A digest of these addresses: who believes that the sender answers for others finds it different.
    public var digest: UInt64
    /// When the next beat is to be expected: after so many milliseconds at most.
    public var intervalMilliseconds: UInt16
    /// For how long the sender may be silent from now on and be back: it is being restarted. 0 but then.
    public var pauseMilliseconds: UInt16

    /// A beat with these fields.
    public init(
        claimCount: UInt32, digest: UInt64 = 0, intervalMilliseconds: UInt16, pauseMilliseconds: UInt16 = 0
    ) {
        self.claimCount = claimCount
        self.digest = digest
        self.intervalMilliseconds = intervalMilliseconds
        self.pauseMilliseconds = pauseMilliseconds
    }

    init(from reader: inout ByteReader) throws(WireError) {
        claimCount = try reader.read()
        digest = try reader.read()
        intervalMilliseconds = try reader.read()
        pauseMilliseconds = try reader.read()
    }

    func write(to writer: inout ByteWriter) {
        writer.write(claimCount)
        writer.write(digest)
        writer.write(intervalMilliseconds)
        writer.write(pauseMilliseconds)
    }
}
