/// Why a speaker ends the session (RFC 4271 section 4.5).
public struct Notification: Hashable, Sendable, CustomStringConvertible {
    /// Why a session ends without an error (RFC 4486, RFC 8538, RFC 9384).
    public enum Cease: UInt8, Hashable, Sendable, CaseIterable {
        case maximumPrefixesReached = 1
        case administrativeShutdown = 2
        case peerDeconfigured = 3
        case administrativeReset = 4
        case connectionRejected = 5
        case otherConfigurationChange = 6
        case connectionCollisionResolution = 7
        case outOfResources = 8
        case hardReset = 9
        case bfdDown = 10
    }

    /// The longest text that can go with a shutdown, in bytes of UTF-8 (RFC 9003 section 2).
    public static let longestTextBytes = 255

    /// The kind of error: 6 for none (Cease).
    public var code: UInt8
    /// The error.
    public var subcode: UInt8
    /// What belongs to it.
    public var data: [UInt8]

    /// A message with these fields.
    public init(code: UInt8, subcode: UInt8, data: [UInt8] = []) {
        self.code = code
        self.subcode = subcode
        self.data = data
    }

    /// The end without an error. `text` is for the people at the other side; it goes with an administrative shutdown or
    /// reset alone, and is cut to 255 bytes.
    public static func cease(_ cease: Cease, text: String = "") -> Notification {
        Notification(code: 6, subcode: cease.rawValue, data: cease.takesText ? encoded(text) : [])
    }

    /// Why the session ends without an error; nil where there is one.
    public var cease: Cease? { code == 6 ? Cease(rawValue: subcode) : nil }

    /// The text of who shut the session down, without control characters; nil where there is none.
    public var text: String? {
        guard cease?.takesText == true, let length = data.first, length > 0, data.count > Int(length),
            let text = String(validating: data[1...Int(length)], as: UTF8.self)
        else { return nil }
        return String(
            String.UnicodeScalarView(text.unicodeScalars.filter { $0.properties.generalCategory != .control }))
    }

    private static func encoded(_ text: String) -> [UInt8] {
        guard !text.isEmpty else { return [] }
        var cut = text
        while cut.utf8.count > longestTextBytes { cut.removeLast() }
        return [UInt8(cut.utf8.count)] + Array(cut.utf8)
    }

    /// The names that the RFCs give it, and the text of who sent it.
    public var description: String {
        let code = "\(Self.codeNames[self.code] ?? "unknown error") (code \(self.code)"
        let detail = Self.subcodeNames[self.code]?[subcode].map { ": \($0)" } ?? ""
        return code + (subcode == 0 ? ")" : ", subcode \(subcode))") + detail + (text.map { ", \"\($0)\"" } ?? "")
    }

    private static let codeNames: [UInt8: String] = [
        1: "Message Header Error", 2: "OPEN Message Error", 3: "UPDATE Message Error", 4: "Hold Timer Expired",
        5: "Finite State Machine Error", 6: "Cease", 7: "ROUTE-REFRESH Message Error", 8: "Send Hold Timer Expired",
    ]

    private static let subcodeNames: [UInt8: [UInt8: String]] = [
        1: [1: "Connection Not Synchronized", 2: "Bad Message Length", 3: "Bad Message Type"],
        2: [
            1: "Unsupported Version Number", 2: "Bad Peer AS", 3: "Bad BGP Identifier",
            4: "Unsupported Optional Parameter", 6: "Unacceptable Hold Time", 7: "Unsupported Capability",
            11: "Role Mismatch",
        ],
        3: [
            1: "Malformed Attribute List", 2: "Unrecognized Well-known Attribute", 3: "Missing Well-known Attribute",
            4: "Attribute Flags Error", 5: "Attribute Length Error", 6: "Invalid ORIGIN Attribute",
            8: "Invalid NEXT_HOP Attribute", 9: "Optional Attribute Error", 10: "Invalid Network Field",
            11: "Malformed AS_PATH",
        ],
        5: [
            1: "Unexpected Message in OpenSent", 2: "Unexpected Message in OpenConfirm",
            3: "Unexpected Message in Established",
        ],
        6: [
            1: "Maximum Number of Prefixes Reached", 2: "Administrative Shutdown", 3: "Peer De-configured",
            4: "Administrative Reset", 5: "Connection Rejected", 6: "Other Configuration Change",
            7: "Connection Collision Resolution", 8: "Out of Resources", 9: "Hard Reset", 10: "BFD Down",
        ],
        7: [1: "Invalid Message Length"],
    ]
}

extension Notification.Cease {
    /// Whether a text can go with it.
    var takesText: Bool { self == .administrativeShutdown || self == .administrativeReset }
}
