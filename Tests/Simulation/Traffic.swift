import Heartbeat
import SWIM
import Wire

@testable import lbd

/// What the nodes send each other, counted as their network cards would: encrypted, headers included.
struct Traffic {
    /// What it is sent for.
    enum Purpose: CaseIterable {
        /// The beats on the LAN, and what is asked about those that are missing.
        case beats
        /// Memberlist's protocol.
        case gossip
        /// What the Balancers tell each other.
        case direct
    }

    struct Count: Equatable {
        var packets = 0
        var bytes = 0
    }

    /// Ethernet, IPv4, UDP; and TCP with its timestamps.
    private static let datagramHeaderBytes = 14 + 20 + 8
    private static let segmentHeaderBytes = 14 + 20 + 32
    private static let segmentBytes = 1_448
    /// What each side of a connection sends without payload: to begin it, to acknowledge, to end it.
    private static let bareSegments = 4
    private static let nonce = Array(repeating: UInt8(0), count: 12)

    private let codec = Codec(keyring: Keyring(Key(secret: "lab".utf8, .aes256)), compresses: false)
    /// By node.
    private(set) var counts: [Int: [Purpose: Count]] = [:]

    /// Counts a datagram from the node of that index.
    mutating func note(_ messages: [SWIM.Message], from index: Int) {
        guard let bytes = try? codec.encode(messages, nonce: Self.nonce) else { return }
        add(Count(packets: 1, bytes: Self.datagramHeaderBytes + bytes.count), for: Self.purpose(of: messages), index)
    }

    /// Counts one side of a connection.
    mutating func note(_ event: SWIM.Event, from index: Int) {
        var bytes: [UInt8]?
        switch event {
        case .pushed(let state, _, _): bytes = try? codec.encode(.pushPull(state), .request, nonce: Self.nonce)
        case .pulled(let state?, _): bytes = try? codec.encode(.pushPull(state), .answer, nonce: Self.nonce)
        default: bytes = nil
        }
        let payload = bytes?.count ?? Self.segmentBytes
        let packets = Self.bareSegments + (payload + Self.segmentBytes - 1) / Self.segmentBytes
        add(Count(packets: packets, bytes: packets * Self.segmentHeaderBytes + payload), for: .gossip, index)
    }

    private mutating func add(_ count: Count, for purpose: Purpose, _ index: Int) {
        counts[index, default: [:]][purpose, default: Count()].packets += count.packets
        counts[index, default: [:]][purpose, default: Count()].bytes += count.bytes
    }

    private static func purpose(of messages: [SWIM.Message]) -> Purpose {
        guard case .user(let bytes)? = messages.first, let kind = bytes.first, Transport.directKinds.contains(kind)
        else {
            return .gossip
        }
        return (try? Heartbeat.Packet(bytes)) == nil ? .direct : .beats
    }
}
