import Foundation
import SWIM
import Wire

/// The gossip of three real members; Captures/README.md tells what happens in it.
struct Capture: Sendable {
    /// Whose: MetalLB's speakers', or Alertmanagers'.
    enum Recording: String, CaseIterable, Sendable {
        case metalLB0103 = "metallb-0.10.3"
        case metalLB0161 = "metallb-0.16.1"
        case alertmanager0250 = "alertmanager-0.25.0"

        static let speakers = [metalLB0103, metalLB0161]

        /// The key that is made of the secret `lab`; Alertmanagers have none.
        fileprivate var key: Key? {
            switch self {
            case .metalLB0103: Key(secret: "lab".utf8, .aes128)
            case .metalLB0161: Key(secret: "lab".utf8, .aes256)
            case .alertmanager0250: nil
            }
        }
    }

    /// A datagram, or a segment of a connection.
    struct Packet: Sendable {
        enum Transport: String, Sendable {
            case udp
            case tcp
        }

        /// The time since the first packet.
        let time: Duration
        let transport: Transport
        let source: SocketAddress
        let destination: SocketAddress
        let bytes: [UInt8]
    }

    /// One connection's bytes in one direction.
    struct Stream: Sendable {
        /// Of the first segment.
        let time: Duration
        let source: SocketAddress
        let destination: SocketAddress
        var bytes: [UInt8]

        /// Who connected comes from another port than 7946.
        var direction: Codec.Direction { source.port == 7946 ? .answer : .request }
    }

    let packets: [Packet]
    /// What the members had: a key or none, no label, compression.
    let codec: Codec

    /// The datagrams, in order.
    var datagrams: [Packet] { packets.filter { $0.transport == .udp } }

    /// The connections, each direction by itself, in the order of their first segments.
    var streams: [Stream] {
        var streams: [Stream] = []
        for packet in packets where packet.transport == .tcp {
            let known = streams.firstIndex { $0.source == packet.source && $0.destination == packet.destination }
            if let known {
                streams[known].bytes += packet.bytes
            } else {
                streams.append(
                    Stream(
                        time: packet.time, source: packet.source, destination: packet.destination,
                        bytes: packet.bytes))
            }
        }
        return streams
    }

    /// Reads the recording; throws where the file is not there or not what it should be.
    static func load(_ recording: Recording) throws -> Capture {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Captures")
        let file = folder.appendingPathComponent("\(recording.rawValue).txt")
        let text = try String(contentsOf: file, encoding: .utf8)
        let packets = try text.split(separator: "\n").map { line in
            guard let packet = Packet(line: line) else {
                throw WireError.malformed(text: String(line), expected: "a packet")
            }
            return packet
        }
        return Capture(packets: packets, codec: Codec(keyring: recording.key.map { Keyring($0) }))
    }
}

extension Capture.Packet {
    fileprivate init?(line: Substring) {
        let fields = line.split(separator: " ")
        guard fields.count == 5, let microseconds = Int64(fields[0]),
            let transport = Transport(rawValue: String(fields[1])),
            let source = SocketAddress(text: fields[2]), let destination = SocketAddress(text: fields[3])
        else { return nil }
        self.init(
            time: .microseconds(microseconds), transport: transport, source: source, destination: destination,
            bytes: SWIMTests.bytes(String(fields[4])))
    }
}

extension SocketAddress {
    /// `10.77.0.11:7946`.
    init?(text: some StringProtocol) {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let address = IPAddress(parts[0]), let port = UInt16(parts[1]) else { return nil }
        self.init(address, port: port)
    }
}

/// The bytes that `hex` spells, two digits each; blanks are for the eye.
func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.utf8.filter { $0 != UInt8(ascii: " ") })
    return stride(from: 0, to: digits.count, by: 2).compactMap { start in
        UInt8(String(decoding: digits[start..<start + 2], as: UTF8.self), radix: 16)
    }
}
