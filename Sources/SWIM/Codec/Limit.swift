/// What bounds a member's messages.
public enum Limit {
    /// What a member says about itself (memberlist's MetaMaxSize).
    public static let metadataBytes = 512
    /// A datagram of ours: memberlist's UDPBufferSize, so that none is cut into fragments on its way. A label comes on
    /// top.
    public static let datagramBytes = 1_400
    /// What wraps the messages of a datagram without a label: the version, the nonce and the tag of its encryption, and
    /// a checksum.
    public static let wrappingBytes = Keyring.overheadBytes + Codec.checksumBytes
    /// The messages of one datagram: a byte counts them.
    public static let messagesPerDatagram = 255
    /// A message in a datagram among others: two bytes count its length.
    public static let messageBytes = 65_535
    /// What a compressed datagram may hold: no more than one that is not.
    public static let inflatedDatagramBytes = 65_535
    /// What a connection may carry, and hold when it is inflated. memberlist allows 20 MiB; the states of 1,000 members
    /// take 80 KiB with short names and 850 KiB with the longest names and metadata, and the rest is for the user
    /// state.
    public static let streamBytes = 2 << 20
    /// The members that a state may tell of: four times as many as an `Instance` holds.
    public static let nodesPerState = 4_096
}
