/// What goes wrong with a node, or between nodes.
enum Mischief: CaseIterable {
    case freeze
    case freezeBriefly
    /// As a write to a slow SD card would, if the loop waited for it.
    case stall
    case crash
    case crashWithoutState
    case stop
    case restart
    /// The API server is out of reach.
    case cutOff
    case cutOffAll
    case drop
    case unplug
    /// Nothing gets from one node to another; the way back stays.
    case cutOneWay
    /// A firewall stands before a node's gossip; its beats are gossip's own messages and stay away too, those by multicast
    /// do not.
    case cutGossip
    /// The switch does not pass on what a node sends to all, or what it is sent.
    case cutLAN
    case isolate
    case split
    /// Much is lost, for all.
    case storm

    /// Whether it is between a daemon and the API server.
    var isOfTheAPI: Bool {
        switch self {
        case .cutOff, .cutOffAll, .drop: true
        default: false
        }
    }
}
