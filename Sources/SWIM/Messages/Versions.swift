/// The versions of the protocol and of what is carried in it that a member speaks: 6 bytes, in this order. An empty field
/// on the wire, as old peers send it, stands for all zero.
public struct Versions: Hashable, Sendable {
    /// PMin: the oldest version of the protocol.
    public var protocolMinimum: UInt8
    /// PMax: the newest.
    public var protocolMaximum: UInt8
    /// PCur: the one in use.
    public var protocolCurrent: UInt8
    /// DMin: the oldest version of what user messages and metadata hold.
    public var delegateMinimum: UInt8
    /// DMax: the newest.
    public var delegateMaximum: UInt8
    /// DCur: the one in use.
    public var delegateCurrent: UInt8

    /// These versions.
    public init(
        protocolMinimum: UInt8, protocolMaximum: UInt8, protocolCurrent: UInt8, delegateMinimum: UInt8 = 0,
        delegateMaximum: UInt8 = 0, delegateCurrent: UInt8 = 0
    ) {
        self.protocolMinimum = protocolMinimum
        self.protocolMaximum = protocolMaximum
        self.protocolCurrent = protocolCurrent
        self.delegateMinimum = delegateMinimum
        self.delegateMaximum = delegateMaximum
        self.delegateCurrent = delegateCurrent
    }

    /// What memberlist's LAN profile and we speak: 1 to 5, of which 2 is used. Of what user messages hold we speak any version,
    /// since that is for those above.
    public static let current = Versions(
        protocolMinimum: 1, protocolMaximum: 5, protocolCurrent: 2, delegateMaximum: .max)
}
