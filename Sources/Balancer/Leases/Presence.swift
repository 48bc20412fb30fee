import Wire

/// What a node tells the others about its network, in its Lease's annotation `lbd.io/addresses`: the addresses of its usable
/// interfaces with their prefix lengths, ascending and joined by commas, then words: `named` where one of those interfaces
/// was named in the settings and so also answers for addresses outside its subnet; `preferred` where this node is to come
/// before others, and `wireless` where it is to come after those with a cable. The group is told `returning` too, of one that
/// comes after all others for now. The Lease has a word more, the `Edition` in which the group was told the same. For example `192.168.2.11/24,fd00::11/64,named,edition:9f3a.4`.
struct Presence: Hashable {
    private static let namedWord = "named"
    private static let preferredWord = "preferred"
    private static let wirelessWord = "wireless"
    private static let returningWord = "returning"

    /// The addresses with their prefix lengths.
    var prefixes: [Prefix] = []
    /// An interface was named in the settings.
    var hasNamedInterface = false
    /// The settings prefer it.
    var isPreferred = false
    /// All its interfaces are radios, and that is to count.
    var isWireless = false
    /// It was cut off until just now and takes nothing over yet, or knows from before its start alone what there is to take:
    /// nobody is to wait for it.
    var isReturning = false
    /// Nothing is known of its network; it answers wherever it is.
    var isAnywhere = false

    /// A node that tells nothing of its network, as MetalLB's speakers.
    static let anywhere: Presence = {
        var presence = Presence(prefixes: [], hasNamedInterface: false)
        presence.isAnywhere = true
        return presence
    }()

    /// A node that has no network to answer on.
    static let nowhere = Presence(prefixes: [], hasNamedInterface: false)

    init(prefixes: [Prefix], hasNamedInterface: Bool, isPreferred: Bool = false, isWireless: Bool = false) {
        self.prefixes = prefixes
        self.hasNamedInterface = hasNamedInterface
        self.isPreferred = isPreferred
        self.isWireless = isWireless
    }

    /// Reads the annotation; words that it does not know, of a newer daemon, are skipped.
    init(_ text: String) {
        for word in text.split(separator: ",") {
            switch word {
            case Self.namedWord: hasNamedInterface = true
            case Self.preferredWord: isPreferred = true
            case Self.wirelessWord: isWireless = true
            case Self.returningWord: isReturning = true
            default: if let prefix = Prefix(word) { prefixes.append(prefix) }
            }
        }
    }

    /// The annotation.
    var text: String {
        let words = [
            (hasNamedInterface, Self.namedWord), (isPreferred, Self.preferredWord), (isWireless, Self.wirelessWord),
            (isReturning, Self.returningWord),
        ]
        return (prefixes.map(\.description) + words.filter(\.0).map(\.1)).joined(separator: ",")
    }

    /// Whether it can answer for nothing.
    var isNowhere: Bool { prefixes.isEmpty && !hasNamedInterface && !isAnywhere }

    /// Nodes with a smaller rank come first.
    var rank: Int { (isReturning ? 4 : 0) + (isPreferred ? 0 : 2) + (isWireless ? 1 : 0) }

    /// Whether one of the node's interfaces is in the subnet of `address`.
    func reaches(_ address: IPAddress) -> Bool {
        isAnywhere || prefixes.contains { $0.contains(address) }
    }
}
