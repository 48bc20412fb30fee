/// What two speakers say to each other (RFC 4271 section 4).
public enum Message: Hashable, Sendable {
    /// Who the sender is and what it can do.
    case open(Open)
    /// Routes that come and go.
    case update(Update)
    /// Why the sender ends the session.
    case notification(Notification)
    /// The sender is there.
    case keepalive
    /// The sender wants all routes of a family again (RFC 2918). A subtype other than 0 is of RFC 7313, which lbd does not
    /// offer.
    case routeRefresh(RouteFamily, subtype: UInt8)

    /// The bytes of the header: marker, length, type.
    public static let headerBytes = 19
    /// The bytes that a message has at most, where RFC 8654 is not used.
    public static let maximumBytes = 4_096
    /// The bytes that a message has at most with RFC 8654; OPEN and KEEPALIVE stay below `maximumBytes`.
    public static let maximumExtendedBytes = 65_535
}

/// The types of messages, as they stand in the header.
enum MessageType: UInt8 {
    case open = 1
    case update = 2
    case notification = 3
    case keepalive = 4
    case routeRefresh = 5

    /// The lengths that such a message can have.
    var lengths: ClosedRange<Int> {
        switch self {
        case .open: 29...Message.maximumBytes
        case .update: 23...Message.maximumExtendedBytes
        case .notification: 21...Message.maximumExtendedBytes
        case .keepalive: Message.headerBytes...Message.headerBytes
        case .routeRefresh: 23...23
        }
    }
}
