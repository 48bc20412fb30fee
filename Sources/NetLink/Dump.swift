internal import Wire

/// A dump under way, into a table of its own.
struct Dump {
    /// The dumps that make a whole picture, in their order.
    enum Phase {
        case links
        case addresses
    }

    private(set) var phase = Phase.links
    /// nlmsg_seq of the request that is being answered.
    private(set) var sequence: UInt32
    private(set) var table = Table()
    /// Messages were lost, or the kernel's tables changed under the dump: it must be repeated.
    var isInterrupted = false

    /// A part of the dump has come. What still waited in front of the first one is older than all of them, and after a
    /// loss it may tell of what is gone.
    private var hasBegun = false
    /// What notifications have told of since the dump began. A notification is never older than the dump's message
    /// about the same subject, even if that one arrives later: the kernel fills the dump's datagrams ahead.
    private var notified: Set<Change.Subject> = []

    init(sequence: UInt32) {
        self.sequence = sequence
    }

    /// What is being listed, in words.
    var subject: String { phase == .links ? "links" : "addresses" }

    mutating func beginAddresses(sequence: UInt32) {
        phase = .addresses
        self.sequence = sequence
    }

    /// Takes in `change`, which `message` told: a part of the dump, or a notification.
    mutating func apply(_ change: Change, of message: Message) {
        if message.flags.contains(.multipart) {
            guard message.sequence == sequence else { return }
            hasBegun = true
            if message.flags.contains(.dumpInterrupted) { isInterrupted = true }
            guard !notified.contains(change.subject) else { return }
        } else {
            guard hasBegun else { return }
            notified.insert(change.subject)
        }
        _ = table.apply(change)
    }
}
