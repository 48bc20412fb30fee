import EventLoop
import Heartbeat
import System
import Wire

/// The beats by which the nodes know within a fifth of a second that an owner is gone. They travel as the gossip's own
/// messages, by its port.
final class Beats {
    private let loop: Loop
    private let post: ([UInt8], Heartbeat.Directive.Audience) -> Void
    private let note: (String, SocketAddress) -> Void
    private let deliver: (Heartbeat.Report) -> Void
    private var instance: Heartbeat.Instance
    private var rng: PRNG
    private var timer: EventLoop.Timer?
    /// Events that wait while one is handled: what is delivered may cause the next at once.
    private var events = Mailbox<Heartbeat.Event>()

    /// The beats of the node `node`, whose daemon is `number`. Packets go to `post`, what is learnt to `deliver`;
    /// `receive` hands over what waits in the sockets, so that nobody is blamed for a beat that was not read; `note` is told
    /// where each packet came from.
    ///
    /// - Throws: `Errno` where the kernel has no random numbers, or the loop takes no timer.
    init(
        node: String, number: UInt64, loop: Loop, post: @escaping ([UInt8], Heartbeat.Directive.Audience) -> Void,
        receive: @escaping () -> Void, note: @escaping (String, SocketAddress) -> Void,
        deliver: @escaping (Heartbeat.Report) -> Void
    ) throws(Errno) {
        self.loop = loop
        self.post = post
        self.note = note
        self.deliver = deliver
        instance = Heartbeat.Instance(name: node, instance: number)
        rng = PRNG(seed: try Random.seed())
        // Before anything is answered: after a stop of this process it tells that others may do so by now.
        timer = try loop.timer(priority: -50) { [unowned self] in
            receive()
            handle(.timer)
        }
    }

    /// Takes a packet that came by the gossip's port from `source`, so long ago. Returns whether it is one.
    func receive(_ bytes: [UInt8], from source: SocketAddress, age: Duration) -> Bool {
        guard let packet = try? Packet(bytes) else { return false }
        note(packet.sender, source)
        handle(.received(packet, age: age))
        return true
    }

    /// Hands an event to the Instance.
    func handle(_ event: Heartbeat.Event) {
        events.append(event)
        while let event = events.begin() {
            for directive in instance.handle(event, at: loop.now, using: &rng) {
                switch directive {
                case .send(let packet, to: let audience): post(packet.bytes, audience)
                case .wake(at: let instant): timer?.arm(at: instant)
                case .report(let report): deliver(report)
                }
            }
            events.end()
        }
    }
}
