public import EventLoop
public import System
internal import Wire

/// Carries a `Resolver`'s directives out: a packet socket on each interface that a question is asked on, for as long as
/// answers are waited for.
public final class Asker {
    /// The number of requests that could not be sent.
    public private(set) var sendErrors: UInt64 = 0

    private let loop: Loop
    private let onReport: (Resolver.Report) -> Void
    private var resolver = Resolver()
    private var timer: Timer?
    private var ports: [UInt32: Port] = [:]

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
        for index in ports.keys where interfaces[index] == nil { ports[index] = nil }
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

    private func send(_ frame: EthernetFrame, for question: Question) {
        do throws(Errno) {
            try port(question.interfaceIndex).send(.arp(frame))
        } catch {
            sendErrors += 1
            handle(.unsent(question))
        }
    }

    private func port(_ index: UInt32) throws(Errno) -> Port {
        if let port = ports[index] { return port }
        let port = try Port(
            loop, index: index,
            socket: try PacketSocket(
                etherType: EthernetFrame.etherType, interfaceIndex: index, filter: Filter.replies.instructions),
            handler: { [unowned self] frame in handle(.received(frame, on: index)) },
            // What cannot be heard is no answer.
            onError: { _ in })
        ports[index] = port
        return port
    }

    private func closeUnused() {
        for index in ports.keys where !resolver.isAsking(on: index) { ports[index] = nil }
    }
}
