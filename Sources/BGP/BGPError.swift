public import Wire

/// What is wrong with what a peer does: each ends the session, with a NOTIFICATION (RFC 4271 section 6).
public enum BGPError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A message does not begin with 16 bytes of ones.
    case notSynchronized
    /// A message has a length that its type cannot have.
    case badMessageLength(UInt16)
    /// A message of a type that is not known.
    case badMessageType(UInt8)
    /// An OPEN whose fields do not fit together.
    case malformedOpen
    /// Another version of the protocol than 4.
    case unsupportedVersion(UInt8)
    /// The peer is of another AS than it should be.
    case badPeerASN(UInt32, expected: UInt32)
    /// The peer's identifier is 0, or our own inside one AS.
    case badRouterID(IPv4Address)
    /// An OPEN has a parameter that is not known.
    case unsupportedParameter(UInt8)
    /// A hold time of 1 or 2 seconds.
    case unacceptableHoldTime(UInt16)
    /// The fields of an UPDATE do not fit together.
    case malformedAttributeList
    /// An attribute that every speaker should know; its bytes.
    case unrecognizedWellKnownAttribute([UInt8])
    /// An attribute with routes that cannot be read; its bytes.
    case malformedRoutes([UInt8])
    /// Prefixes that cannot be read.
    case invalidNetwork
    /// Nothing was heard for the hold time.
    case holdTimerExpired
    /// The peer has read nothing for long (RFC 9687).
    case sendHoldTimerExpired
    /// A message that has no place in this state.
    case unexpectedMessage(in: State)

    /// The NOTIFICATION that tells the peer.
    public var notification: Notification {
        switch self {
        case .notSynchronized: Notification(code: 1, subcode: 1)
        case .badMessageLength(let length):
            Notification(code: 1, subcode: 2, data: [UInt8(length >> 8), UInt8(length & 0xFF)])
        case .badMessageType(let type): Notification(code: 1, subcode: 3, data: [type])
        case .malformedOpen: Notification(code: 2, subcode: 0)
        case .unsupportedVersion: Notification(code: 2, subcode: 1, data: [0, Codec.version])
        case .badPeerASN: Notification(code: 2, subcode: 2)
        case .badRouterID: Notification(code: 2, subcode: 3)
        case .unsupportedParameter: Notification(code: 2, subcode: 4)
        case .unacceptableHoldTime: Notification(code: 2, subcode: 6)
        case .malformedAttributeList: Notification(code: 3, subcode: 1)
        case .unrecognizedWellKnownAttribute(let bytes): Notification(code: 3, subcode: 2, data: bytes)
        case .malformedRoutes(let bytes): Notification(code: 3, subcode: 9, data: bytes)
        case .invalidNetwork: Notification(code: 3, subcode: 10)
        case .holdTimerExpired: Notification(code: 4, subcode: 0)
        case .sendHoldTimerExpired: Notification(code: 8, subcode: 0)
        case .unexpectedMessage(let state): Notification(code: 5, subcode: state.unexpectedMessageSubcode)
        }
    }

    /// The error in words.
    public var description: String {
        switch self {
        case .notSynchronized: "what came is not BGP: the peer's port may belong to another service"
        case .badMessageLength(let length): "a message came with the length \(length), which its type cannot have"
        case .badMessageType(let type): "a message of the type \(type) came, which is not known"
        case .malformedOpen: "the peer's OPEN cannot be read"
        case .unsupportedVersion(let version): "the peer speaks version \(version) of BGP, not 4"
        case .badPeerASN(let asn, let expected):
            "the peer is of AS \(asn), not \(expected): set peer-asn to \(asn), or correct the AS there"
        case .badRouterID(let id): "the peer's router id is \(id): give each router one of its own"
        case .unsupportedParameter(let type): "the peer's OPEN has the parameter \(type), which is not known"
        case .unacceptableHoldTime(let seconds):
            "the peer wants a hold time of \(seconds) s: set it to 0 or at least 3 there"
        case .malformedAttributeList: "an UPDATE came whose fields do not fit together"
        case .unrecognizedWellKnownAttribute(let bytes):
            "an UPDATE came with the well-known attribute \(bytes.dropFirst().first ?? 0), which is not known"
        case .malformedRoutes: "an UPDATE came with routes in an attribute that cannot be read"
        case .invalidNetwork: "an UPDATE came with a prefix that cannot be read"
        case .holdTimerExpired: "the peer was silent for the hold time"
        case .sendHoldTimerExpired: "the peer has read nothing for minutes"
        case .unexpectedMessage(let state): "a message came that has no place in the state \(state)"
        }
    }
}

extension State {
    /// RFC 6608 section 3.
    fileprivate var unexpectedMessageSubcode: UInt8 {
        switch self {
        case .idle, .connect, .active: 0
        case .openSent: 1
        case .openConfirm: 2
        case .established: 3
        }
    }
}
