/// Which daemon has said something about itself, and what number of its sayings that is. They come by several ways, and of
/// those of one daemon the latest holds.
struct Edition: Hashable {
    private static let mark = "edition:"

    /// The daemon, told apart from those before and after it on its node.
    var instance: UInt64
    /// Counts what it has said.
    var sequence: UInt32

    init(instance: UInt64, sequence: UInt32) {
        self.instance = instance
        self.sequence = sequence
    }

    /// Finds it among the words of a Lease's annotation; nil where there is none.
    init?(among text: String) {
        guard let word = text.split(separator: ",").last(where: { $0.hasPrefix(Self.mark) }) else { return nil }
        let parts = word.dropFirst(Self.mark.count).split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let instance = UInt64(parts[0], radix: 16), let sequence = UInt32(parts[1]) else {
            return nil
        }
        self.init(instance: instance, sequence: sequence)
    }

    /// Its word in a Lease's annotation, such as `edition:9f3a.4`.
    var text: String { "\(Self.mark)\(String(instance, radix: 16)).\(sequence)" }

    /// Whether it is of the same daemon as `other` and was said after it.
    func follows(_ other: Edition) -> Bool { instance == other.instance && sequence > other.sequence }
}
