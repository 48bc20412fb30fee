/// Bidirectional Forwarding Detection (RFC 5880): finds out in a fraction of a second that a router cannot be reached any
/// more, or cannot reach this node. Asynchronous mode; one hop (RFC 5881) or several (RFC 5883).
///
/// The shell sends each packet from a port of 49152…65535 of its own, with the TTL or hop limit 255, to the port below, and
/// hands over what comes there from the peer's address.
public enum BFD {
    /// Where packets of sessions over one hop go (RFC 5881 section 4).
    public static let singleHopPort: UInt16 = 3_784
    /// Where packets of sessions over several hops go (RFC 5883 section 5).
    public static let multihopPort: UInt16 = 4_784

    /// How far a session is (RFC 5880 section 4.1); the numbers are those on the wire.
    public enum State: UInt8, Hashable, Sendable, CustomStringConvertible {
        /// Stopped on purpose, which says nothing about the way to the peer.
        case adminDown = 0
        /// The peer is not heard.
        case down = 1
        /// The peer is heard, but has not said that it hears this side.
        case initializing = 2
        /// Both hear each other.
        case up = 3

        /// The name that RFC 5880 gives it.
        public var description: String {
            switch self {
            case .adminDown: "AdminDown"
            case .down: "Down"
            case .initializing: "Init"
            case .up: "Up"
            }
        }
    }

    /// Why a side's state changed last (RFC 5880 section 4.1).
    public struct Diagnostic: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        /// The five bits on the wire.
        public let rawValue: UInt8

        /// The reason with this number; higher bits are dropped.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue & 0x1F
        }

        /// None.
        public static let none = Diagnostic(rawValue: 0)
        /// Nothing was heard for the detection time.
        public static let detectionTimeExpired = Diagnostic(rawValue: 1)
        /// The other side said that it does not hear this one.
        public static let neighborSignaledDown = Diagnostic(rawValue: 3)
        /// It was stopped on purpose.
        public static let administrativelyDown = Diagnostic(rawValue: 7)

        /// The reason in words.
        public var description: String {
            switch rawValue {
            case 0: "no reason"
            case 1: "nothing was heard for the detection time"
            case 2: "the echo failed"
            case 3: "the peer does not hear this node"
            case 4: "the forwarding plane was reset"
            case 5: "the path is down"
            case 6: "a path further on is down"
            case 7: "it was stopped on purpose"
            case 8: "a path further back is down"
            default: "reason \(rawValue)"
            }
        }
    }
}
