public import EventLoop
public import System
internal import Wire

/// Carries a `Resolver`'s directives out: a packet socket for each family of addresses on each interface that a question is
/// asked on, for as long as answers are waited for.
public final class Asker {
    /// The number of requests that could not be sent.
    public private(set) var sendErrors: UInt64 = 0

    private let loop: Loop
    private let onReport: (Resolver.Report) -> Void
    private var resolver = Resolver()
    private var timer: Timer?
    private var ports: [PortID: Port] = [:]

    /// An asker that has asked nothing yet; what comes of questions goes to `onReport`.
    ///
    /// - Throws: `Errno` where the loop takes no timer.
    public init(loop: Loop, onReport: @escaping (Resolver.Report) -> Void) throws(Errno) {
        self.loop = loop
        self.onReport = onReport
        timer = try loop.timer { [unowned self] in
            handle(.timer)
            // Here and not where an answer is heard: that is in the very port.
            closeUnused()
        }
    }

    /// Tells which interfaces frames can leave by; replaces what was told before.
    public func update(interfaces: [UInt32: Resolver.Station]) {
        handle(.interfaces(interfaces))
        for id in ports.keys where interfaces[id.interfaceIndex] == nil { ports[id] = nil }
    }

    /// Asks.
    public func ask(_ question: Question) {
        handle(.ask(question))
    }

    private func handle(_ event: Resolver.Event) {
        for directive in resolver.handle(event, at: loop.now) {
            switch directive {
            case .send(let frame, for: let question): send(frame, for: question)
            case .wake(at: let instant): timer?.arm(at: instant)
            case .report(let report): onReport(report)
            }
        }
    }

    private func send(_ frame: Frame, for question: Question) {
        do throws(Errno) {
            try port(PortID(interfaceIndex: question.interfaceIndex, family: question.address.family)).send(frame)
        } catch {
            sendErrors += 1
            handle(.unsent(question))
        }
    }

    private func port(_ id: PortID) throws(Errno) -> Port {
        if let port = ports[id] { return port }
        let port = try Port(
            loop, index: id.interfaceIndex,
            socket: try PacketSocket(
                etherType: id.family.etherType, interfaceIndex: id.interfaceIndex,
                filter: Filter.answers(of: id.family).instructions),
            handler: { [unowned self] frame in handle(.received(frame, on: id.interfaceIndex)) },
            // What cannot be heard is no answer.
            onError: { _ in })
        ports[id] = port
        return port
    }

    private func closeUnused() {
        for id in ports.keys where !resolver.isAsking(on: id.interfaceIndex) { ports[id] = nil }
    }
}
