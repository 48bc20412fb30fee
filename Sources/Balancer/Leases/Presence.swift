import Wire

/// What a node tells the others about its network, in its Lease's annotation `lbd.io/addresses`: the addresses of its usable
/// interfaces with their prefix lengths, ascending and joined by commas, then the word `named` where one of those
/// interfaces was named in the settings and so also answers for addresses outside its subnet. For example
/// `192.168.2.11/24,fd00::11/64,named`.
struct Presence: Hashable {
    private static let namedWord = "named"

    /// The addresses with their prefix lengths.
    var prefixes: [Prefix] = []
    /// An interface was named in the settings.
    var hasNamedInterface = false

    init(prefixes: [Prefix], hasNamedInterface: Bool) {
        self.prefixes = prefixes
        self.hasNamedInterface = hasNamedInterface
    }

    /// Reads the annotation; words that it does not know, of a newer daemon, are skipped.
    init(_ text: String) {
        for word in text.split(separator: ",") {
            if word == Self.namedWord {
                hasNamedInterface = true
            } else if let prefix = Prefix(word) {
                prefixes.append(prefix)
            }
        }
    }

    /// The annotation.
    var text: String {
        (prefixes.map(\.description) + (hasNamedInterface ? [Self.namedWord] : [])).joined(separator: ",")
    }

    /// Whether one of the node's interfaces is in the subnet of `address`.
    func reaches(_ address: IPAddress) -> Bool {
        prefixes.contains { $0.contains(address) }
    }
}
