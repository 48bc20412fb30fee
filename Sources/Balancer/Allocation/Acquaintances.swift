import ARP
import Wire

/// Which stations on the network are nodes of this cluster: they answer for addresses of Services, and are no foreigners.
/// It is found out when somebody answers who should not, by asking for the nodes' own addresses.
struct Acquaintances {
    /// Somebody has answered for an address, and may be one of ours.
    struct Suspect: Hashable {
        var address: IPAddress
        var station: MACAddress
    }

    private var nodes: Set<MACAddress> = []
    private var open: Set<Question> = []
    private var suspects: [Suspect] = []

    /// Takes one who has answered. `questions` are those for the nodes' addresses. Returns those to ask now, ascending, and
    /// who is known already not to be one of ours.
    mutating func take(_ suspect: Suspect, asking questions: [Question]) -> (questions: [Question], verdicts: [Verdict])
    {
        suspects.append(suspect)
        guard open.isEmpty else { return ([], []) }
        nodes = []
        open = Set(questions)
        return (open.sorted(), conclude())
    }

    /// Who it was.
    struct Verdict: Hashable {
        var suspect: Suspect
        var isOurs: Bool
    }

    /// Takes what has come of a question. Returns who all were that had answered, once that is known.
    mutating func take(_ report: Resolver.Report) -> [Verdict] {
        switch report {
        case .answered(let question, by: let station):
            if open.contains(question) { nodes.insert(station) }
            return []
        case .ended(let question, answers: _), .failed(let question):
            guard open.remove(question) != nil else { return [] }
            return conclude()
        }
    }

    private mutating func conclude() -> [Verdict] {
        guard open.isEmpty else { return [] }
        defer { suspects = [] }
        return suspects.map { Verdict(suspect: $0, isOurs: nodes.contains($0.station)) }
    }
}
