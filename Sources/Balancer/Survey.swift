import NetLink
import Wire

/// What is known of the networks around the nodes, and what was told about pools that do not suit them.
struct Survey {
    /// The routing tables are looked at so often: nobody tells of a new default route.
    private static let period = Duration.seconds(60)
    /// And so long after an interface has changed: its routes come a little later.
    private static let delay = Duration.seconds(2)

    /// The gateways of this node's interfaces, by interface. One that is gone stays until another takes its place: it may
    /// come back.
    private var found: [UInt32: Set<IPAddress>] = [:]
    /// When the gateways are to be looked for.
    private(set) var dueAt: Instant?
    /// Whether they were looked for by somebody who wants to ask them something.
    var isForQuestions = false
    /// Whether pools and networks have to be compared anew.
    var isStale = true
    /// Whether what was refused for the networks' sake is to be considered again.
    var areNetworksNew = false
    private var told: Set<String> = []

    /// An interface has changed.
    mutating func linksChanged(at now: Instant) { dueAt = now.advanced(by: Self.delay) }

    /// Whether the gateways are to be looked for now.
    mutating func isDue(at now: Instant) -> Bool {
        guard let dueAt, dueAt <= now else { return false }
        self.dueAt = now.advanced(by: Self.period)
        return true
    }

    /// The gateways of this node's interfaces, ascending.
    var gateways: [IPAddress] { Set(found.values.joined()).sorted() }

    /// Takes gateways that were found on some interfaces. Returns whether that is news.
    mutating func take(_ gateways: [Gateway]) -> Bool {
        let before = found
        for (index, group) in Dictionary(grouping: gateways, by: \.interfaceIndex) {
            found[index] = Set(group.map { .v4($0.address) })
        }
        return found != before
    }

    /// Notes that `text` is told. Returns whether it is for the first time.
    mutating func tell(_ text: String) -> Bool { told.insert(text).inserted }
}
