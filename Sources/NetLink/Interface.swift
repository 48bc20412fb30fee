public import Wire

/// A network interface as the kernel describes it: RTM_NEWLINK together with its RTM_NEWADDR messages (rtnetlink(7)).
public struct Interface: Hashable, Sendable {
    /// The kernel's number for it; never 0.
    public var index: UInt32
    /// IFLA_IFNAME.
    public var name: String
    /// IFLA_ADDRESS; nil where it is not 6 bytes long.
    public var macAddress: MACAddress?
    /// IFF_UP and IFF_RUNNING (carrier) are both set, so frames can leave.
    public var isUp: Bool
    /// IFF_LOOPBACK.
    public var isLoopback: Bool
    /// IFF_NOARP: the link does not resolve addresses (tunnels).
    public var isNoARP: Bool
    /// IFF_BROADCAST: the link can broadcast, as ARP needs.
    public var canBroadcast: Bool
    /// IFLA_MASTER: the bridge or bond that this interface is a port of; nil for none.
    public var masterIndex: UInt32?
    /// The addresses it bears (IFA_LOCAL, else IFA_ADDRESS) with their prefix lengths, ascending.
    public var addresses: [Prefix]
    /// How each of `addresses` stands, as far as the kernel says.
    public var states: [Prefix: AddressState]

    /// An interface with these properties.
    public init(
        index: UInt32, name: String, macAddress: MACAddress?, isUp: Bool, isLoopback: Bool = false,
        isNoARP: Bool = false, canBroadcast: Bool = true, masterIndex: UInt32? = nil, addresses: [Prefix] = [],
        states: [Prefix: AddressState] = [:]
    ) {
        self.index = index
        self.name = name
        self.macAddress = macAddress
        self.isUp = isUp
        self.isLoopback = isLoopback
        self.isNoARP = isNoARP
        self.canBroadcast = canBroadcast
        self.masterIndex = masterIndex
        self.addresses = addresses
        self.states = states
    }
}
