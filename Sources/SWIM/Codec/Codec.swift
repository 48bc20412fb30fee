/// How a member's messages are wrapped for the wire: memberlist's format (its net.go, util.go, security.go and
/// label.go), as MetalLB's speakers have it. Stateless: the nonces come from the caller.
///
/// A datagram holds, from the outside to the inside, each but the message where it is wanted: the label; encryption; a
/// checksum; compression; several messages put together. On a connection it is the label; encryption; compression.
public struct Codec: Hashable, Sendable {
    /// With these messages are encrypted, and what is not is refused. Nil: nothing is encrypted.
    public var keyring: Keyring?
    /// The name of the group. Nil, as with MetalLB: none.
    public var label: Label?
    /// Whether messages are compressed where that makes them shorter; what comes may be, in any case.
    public var compresses: Bool

    /// A codec with these settings.
    public init(keyring: Keyring? = nil, label: Label? = nil, compresses: Bool = true) {
        self.keyring = keyring
        self.label = label
        self.compresses = compresses
    }
}
