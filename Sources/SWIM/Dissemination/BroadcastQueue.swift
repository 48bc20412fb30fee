/// What is gossiped, each message a limited number of times, the one that was sent least first.
struct BroadcastQueue {
    /// What a message is about: a newer one about the same replaces it.
    enum Subject: Hashable {
        case member(String)
        /// The farewell of this node at an address that it has left.
        case move
        /// Bytes of those above: each message stands for itself.
        case user(Int)

        /// A farewell must come before the sign of life at the new address, and members' own affairs before all else.
        fileprivate var rank: Int {
            switch self {
            case .move: 0
            case .member: 1
            case .user: 2
            }
        }

        fileprivate var isUser: Bool { rank == 2 }
    }

    private struct Item {
        let subject: Subject
        let message: Message
        let length: Int
        let number: Int
        var transmits = 0

        /// What goes first: what is about members, then what was sent least, then the longest, then the newest.
        func precedes(_ other: Item) -> Bool {
            (subject.rank, transmits, -length, -number)
                < (other.subject.rank, other.transmits, -other.length, -other.number)
        }
    }

    private var items: [Item] = []
    private var number = 0

    var isEmpty: Bool { items.isEmpty }

    func contains(_ subject: Subject) -> Bool {
        items.contains { $0.subject == subject }
    }

    /// Queues a message about a member.
    mutating func insert(_ message: Message, about subject: Subject) {
        number += 1
        items.removeAll { $0.subject == subject }
        items.append(Item(subject: subject, message: message, length: message.encodedLength, number: number))
    }

    /// Queues bytes of those above; false where that cost another its place.
    mutating func insert(_ bytes: [UInt8]) -> Bool {
        let users = items.filter(\.subject.isUser)
        let isFull = users.count >= Capacity.broadcasts
        if isFull, let worn = users.max(by: { ($0.transmits, -$0.number) < ($1.transmits, -$1.number) }) {
            items.removeAll { $0.number == worn.number }
        }
        insert(.user(bytes), about: .user(number + 1))
        return !isFull
    }

    /// The messages for one datagram in which there is still room for `budget`. Each goes `transmitLimit` times in all.
    mutating func take(within budget: Budget, transmitLimit: Int) -> [Message] {
        guard !items.isEmpty else { return [] }
        items.sort { $0.precedes($1) }
        var budget = budget
        var messages: [Message] = []
        for index in items.indices where budget.take(encodedLength: items[index].length) {
            messages.append(items[index].message)
            items[index].transmits += 1
        }
        items.removeAll { $0.transmits >= transmitLimit }
        return messages
    }
}
