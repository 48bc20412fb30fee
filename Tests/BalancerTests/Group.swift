import Heartbeat
import SWIM
import Wire

@testable import Balancer

/// What a group of daemons tells the one under test.
enum Group {
    /// The gossip's news of a member. `takesPart` is nil for a speaker of MetalLB's, which says nothing about itself.
    static func member(
        _ name: String, _ status: SWIM.Member.Status = .alive, takesPart: Bool? = true, instance: UInt64 = 7,
        incarnation: UInt32 = 1, presence: String = "192.168.1.12/24"
    ) -> Balancer.Event {
        let metadata = takesPart.map { takesPart in
            Metadata(instance: instance, takesPart: takesPart, presence: Presence(presence)).bytes
        }
        let address = SocketAddress(.v4(IPv4Address(rawValue: 0xC0A8_010C)), port: 7946)
        return .gossip(
            .changed(
                SWIM.Member(
                    name: name, address: address, metadata: metadata ?? [], incarnation: incarnation, status: status)))
    }

    /// The node `owner` tells that it has taken these addresses; where it was asked, by the question of this number.
    static func claims(
        _ addresses: [IPAddress], by owner: String, epoch: UInt64 = 1, answering question: UInt32? = nil
    ) -> Balancer.Event {
        let entries = addresses.map { (address: $0, register: Register(epoch: epoch, owner: owner)) }
        let parts = Registers.encode(entries, maximumBytes: .max)
        let bytes = parts.first ?? []
        return .posted(
            DirectMessage(sender: owner, question.map { .answer(bytes, to: $0) } ?? .registers(bytes)).bytes)
    }

    /// The daemon of the node `name` tells directly that its network is back.
    static func returned(_ name: String, instance: UInt64 = 7, sequence: UInt32) -> Balancer.Event {
        var metadata = Metadata(instance: instance, takesPart: true, presence: Presence("192.168.1.12/24"))
        metadata.sequence = sequence
        return .posted(DirectMessage(sender: name, .metadata(metadata.bytes)).bytes)
    }

    /// The node `sender` tells that no Service has this address any more.
    static func freed(_ address: IPAddress, by sender: String, epoch: UInt64) -> Balancer.Event {
        let register = Register(epoch: epoch, owner: Register.nobody)
        let parts = Registers.encode([(address: address, register: register)], maximumBytes: .max)
        return .posted(DirectMessage(sender: sender, .registers(parts.first ?? [])).bytes)
    }

    /// The daemon of the node `sender` asks for all registers.
    static func wanted(by sender: String, question: UInt32 = 5) -> Balancer.Event {
        .posted(DirectMessage(sender: sender, .wanted(question: question)).bytes)
    }

    /// The daemon of the node `name` tells directly that it leaves.
    static func leaving(_ name: String, instance: UInt64 = 7) -> Balancer.Event {
        var metadata = Metadata(instance: instance, takesPart: false, presence: Presence("192.168.1.12/24"))
        metadata.sequence = 9
        return .posted(DirectMessage(sender: name, .metadata(metadata.bytes)).bytes)
    }
}

extension Rig {
    /// The direct messages that were sent.
    var posted: [(message: DirectMessage, to: Recipient)] {
        directives.compactMap { directive in
            guard case .post(let bytes, to: let recipient) = directive, let message = try? DirectMessage(bytes) else {
                return nil
            }
            return (message, recipient)
        }
    }

    /// What was told to `recipient` of who has what.
    func registersTold(to recipient: Recipient) -> [IPAddress: Register] {
        let entries = posted.flatMap { message, to -> Registers.Entries in
            guard to == recipient else { return [] }
            switch message.body {
            case .registers(let bytes), .answer(let bytes, to: _):
                var reader = ByteReader(bytes)
                return (try? Registers.read(from: &reader)) ?? []
            case .wanted, .metadata, .finding, .doubted: return []
            }
        }
        return Dictionary(entries.map { ($0.address, $0.register) }) { $1 }
    }

    /// The number of its newest question, which an answer has to repeat.
    var question: UInt32 { node.ownership.question }

    /// How often it asked `recipient` for registers.
    func questions(to recipient: Recipient) -> Int {
        posted.count { message, to in
            guard to == recipient, case .wanted = message.body else { return false }
            return true
        }
    }

    /// What it answers for.
    var answered: Set<IPAddress> { Set(node.announcer.current.keys) }
}
