import ARP
import EventLoop
import System
import Wire

/// Asks by ARP and neighbour discovery who has addresses, many after one another: first those of the nodes, to know the nodes' stations, then those of
/// Services.
final class Inquiry {
    /// Questions at once, of what a `Resolver` takes.
    private static let batch = 32
    /// Questions in all; more are not asked.
    static let limit = 512

    private var asker: Asker?
    private var waiting: [Question] = []
    private var open: Set<Question> = []
    /// Who answered, in the order of the answers, to each question that could be asked.
    private(set) var answers: [Question: [MACAddress]] = [:]

    /// An inquiry that asks nothing yet.
    init(loop: Loop) throws(Errno) {
        asker = try Asker(loop: loop) { [unowned self] report in take(report) }
    }

    /// Whether nothing is waited for any more.
    var isDone: Bool { open.isEmpty && waiting.isEmpty }

    /// Asks `questions`, in their order, from the interfaces `stations`.
    func start(_ questions: [Question], from stations: [UInt32: Resolver.Station]) {
        asker?.update(interfaces: stations)
        var known: Set<Question> = []
        waiting = questions.filter { known.insert($0).inserted }.prefix(Self.limit).reversed()
        ask()
    }

    private func ask() {
        while open.count < Self.batch, let question = waiting.popLast() {
            open.insert(question)
            asker?.ask(question)
        }
    }

    private func take(_ report: Resolver.Report) {
        switch report {
        case .answered: return
        case .ended(let question, answers: let stations):
            guard open.remove(question) != nil else { return }
            answers[question] = stations
        case .failed(let question):
            guard open.remove(question) != nil else { return }
        }
        ask()
    }
}
