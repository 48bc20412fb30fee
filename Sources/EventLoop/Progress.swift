/// Judges whether the sources of a loop make progress: that the loop turns does not say that each of them gets its turn.
struct Progress {
    /// A source, as it is found at one look.
    struct Source: Hashable {
        /// Tells it from all others, past ones too.
        var id: UInt64
        /// The file that asked for it.
        var owner: String
        /// Whether its handler is to run: its time has come, or its descriptor is ready.
        var isDue: Bool
        /// How often its handler has run.
        var runs: UInt64
    }

    /// How often the handlers had run of those that were due at the last look.
    private var due: [UInt64: UInt64] = [:]

    /// The owners of the sources that are stuck, ascending: due at the last look and due now, without a run in between. To be
    /// asked at intervals in which a loop that is not stuck serves every source.
    mutating func stuckOwners(among sources: [Source]) -> [String] {
        let last = due
        due = [:]
        for source in sources where source.isDue { due[source.id] = source.runs }
        return Set(sources.filter { $0.isDue && last[$0.id] == $0.runs }.map(\.owner)).sorted()
    }
}
