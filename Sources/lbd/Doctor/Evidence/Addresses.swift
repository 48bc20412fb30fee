import ARP
import Balancer
import Wire

/// The addresses that Services have, and those of the nodes: whom to ask for, and on which interface.
struct Addresses {
    /// The interfaces that are asked from.
    let stations: [UInt32: Resolver.Station]
    private let node: String
    /// The names of the nodes whose addresses are asked for.
    private var nodes: [Question: String] = [:]
    /// The owners of the addresses that are asked for.
    private var owners: [Question: String] = [:]
    private var unasked: [String] = []

    init(_ status: NodeStatus?, node: String, _ links: [Link]) {
        self.node = node
        stations = Dictionary(
            links.compactMap { link in
                link.interface.macAddress.map {
                    (link.interface.index, Resolver.Station($0, addresses: link.interface.addresses))
                }
            }
        ) { $1 }
        func question(_ address: IPAddress) -> Question? {
            let near = links.first { $0.interface.addresses.contains { $0.contains(address) } }
            return near.map { Question(address, on: $0.interface.index) }
        }
        for member in status?.members ?? [] where member.name != node {
            for address in member.addresses.compactMap({ Prefix($0)?.address }) {
                if let question = question(address) { nodes[question] = member.name }
            }
        }
        var left: Set<String> = []
        for place in (status?.services ?? []).flatMap(\.addresses) {
            guard let owner = place.owner, let address = IPAddress(place.address) else { continue }
            if let question = question(address) { owners[question] = owner } else { left.insert(place.address) }
        }
        unasked = left.sorted()
    }

    /// Those for the nodes first.
    var questions: [Question] { nodes.keys.sorted() + owners.keys.sorted() }

    /// What came of the questions.
    func evidence(_ inquiry: Inquiry) -> AnswersCheck.Evidence {
        var evidence = AnswersCheck.Evidence(
            node: node,
            answers: owners.sorted { $0.key < $1.key }.map { question, owner in
                AnswersCheck.Answer(address: question.address, owner: owner, stations: inquiry.answers[question])
            })
        for (question, name) in nodes.sorted(by: { $0.key < $1.key }) {
            for station in inquiry.answers[question] ?? [] { evidence.nodes[station] = name }
        }
        evidence.unasked = unasked
        return evidence
    }
}
