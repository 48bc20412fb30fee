import ARP
import Wire

/// Which stations on the network are nodes of this cluster: they answer for addresses of Services, and are no foreigners.
/// It is found out when somebody answers who should not, by asking for the nodes' own addresses.
struct Acquaintances {
    /// Who was known to be a node is taken for one for so long.
    private static let validity = Duration.seconds(600)
    /// Suspects at once, and stations whose makers are known; more do not count.
    private static let limit = 1_024

    /// Somebody has answered for an address, and may be one of ours.
    struct Suspect: Hashable {
        var address: IPAddress
        var station: MACAddress
    }

    /// Who it was.
    struct Verdict: Hashable {
        var suspect: Suspect
        var isOurs: Bool
    }

    private var nodes: [MACAddress: Instant] = [:]
    private var open: Set<Question> = []
    private var suspects: [Suspect] = []
    private var vendors: [MACAddress: String] = [:]

    /// Notes who has made a station.
    mutating func note(vendor: String, of station: MACAddress) {
        if vendors.count < Self.limit { vendors[station] = vendor }
    }

    /// What people are told of a station, such as `b8:27:eb:12:34:56, Raspberry Pi Foundation`.
    func describe(_ station: MACAddress) -> String { vendors[station].map { "\(station), \($0)" } ?? "\(station)" }

    /// Takes one who has answered. `questions` are those for the nodes' addresses. Returns those to ask now, ascending, and
    /// what is known already.
    mutating func take(
        _ suspect: Suspect, asking questions: [Question], at now: Instant
    ) -> (questions: [Question], verdicts: [Verdict]) {
        nodes = nodes.filter { $0.value.duration(to: now) <= Self.validity }
        guard nodes[suspect.station] == nil else { return ([], [Verdict(suspect: suspect, isOurs: true)]) }
        if !suspects.contains(suspect), suspects.count < Self.limit { suspects.append(suspect) }
        guard open.isEmpty else { return ([], []) }
        open = Set(questions)
        return (open.sorted(), conclude())
    }

    /// Takes what has come of a question. Returns who all were that had answered, once that is known.
    mutating func take(_ report: Resolver.Report, at now: Instant) -> [Verdict] {
        switch report {
        case .answered(let question, by: let station):
            if open.contains(question) { nodes[station] = now }
            return []
        case .ended(let question, answers: _), .failed(let question):
            guard open.remove(question) != nil else { return [] }
            return conclude()
        }
    }

    private mutating func conclude() -> [Verdict] {
        guard open.isEmpty else { return [] }
        defer { suspects = [] }
        return suspects.map { Verdict(suspect: $0, isOurs: nodes[$0.station] != nil) }
    }
}
