internal import CLinux
public import EventLoop
internal import Glibc
public import System
internal import Wire

/// Tells of every change to the machine's interfaces as it happens: a `Session` on a netlink socket. No polling.
public final class Monitor {
    /// Told of what goes wrong, in words; the monitor recovers by itself.
    public var onProblem: (String) -> Void = { _ in }
    /// Told after `onChange` that a link's frames take another way, as after a change of a bond's active slave: every address
    /// is to be announced anew.
    public var onNotifyPeers: () -> Void = {}
    /// Every interface, ascending by index; empty until the kernel's first list is complete.
    public private(set) var interfaces: [Interface] = []

    /// The datagrams read before other event sources get their turn.
    private static let datagramsPerWakeup = 64
    /// What the kernel may queue for us, in bytes: about a thousand changes at once.
    private static let receiveBufferBytes: Int32 = 1 << 20
    /// The largest datagram of a dump (linux/netlink.h: NLMSG_GOODSIZE and 32 KiB for those who ask for more).
    private static let datagramBytes = 32768

    private let loop: Loop
    private let socket: NetlinkSocket
    private let onChange: ([Interface]) -> Void
    private var session = Session()
    // The session draws nothing; the seed does not matter.
    private var rng = PRNG(seed: 0)
    private var buffer = [UInt8](repeating: 0, count: Monitor.datagramBytes)
    private var source: IOSource?
    private var timer: Timer?
    private var hasChanged = false
    private var hasTold = false
    private var notifiesPeers = false

    /// Starts watching; `onChange` gets every interface, ascending by index, from `loop` once the first list is complete
    /// and then after each change: once for all changes that came together.
    ///
    /// - Throws: `Errno` where the kernel gives no socket.
    public init(loop: Loop, onChange: @escaping ([Interface]) -> Void) throws(Errno) {
        self.loop = loop
        self.onChange = onChange
        socket = try NetlinkSocket(
            groups: UInt32(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR),
            receiveBufferBytes: Self.receiveBufferBytes)
        source = try loop.watch(socket.rawValue, for: .readable) { [unowned self] _ in receive() }
        timer = try loop.timer { [unowned self] in
            handle(.timer)
            tell()
        }
        handle(.started)
    }

    deinit {
        // Before the socket that it borrows is closed.
        source = nil
    }

    private func receive() {
        for _ in 0..<Self.datagramsPerWakeup {
            do throws(Errno) {
                guard let reception = try socket.receive(into: &buffer) else { break }
                // Any process may send to a netlink socket; only the kernel is believed.
                guard reception.senderPortID == 0 else { continue }
                if reception.count > buffer.count {
                    handle(.overrun)
                } else {
                    handle(.received(buffer[..<reception.count]))
                }
            } catch {
                if error.code != ENOBUFS { onProblem("\(error)") }
                handle(.overrun)
                break
            }
        }
        tell()
    }

    private func handle(_ event: Session.Event) {
        for directive in session.handle(event, at: loop.now, using: &rng) {
            switch directive {
            case .request(let bytes): send(bytes)
            case .changed: hasChanged = true
            case .notifyPeers: notifiesPeers = true
            case .wake(let instant): timer?.arm(at: instant)
            case .failed(let error): onProblem("\(error)")
            }
        }
    }

    /// A request that cannot be sent stays unanswered, and the session asks again.
    private func send(_ request: [UInt8]) {
        do throws(Errno) {
            try socket.send(request)
        } catch {
            onProblem("\(error)")
        }
    }

    private func tell() {
        tellChange()
        guard notifiesPeers else { return }
        notifiesPeers = false
        onNotifyPeers()
    }

    private func tellChange() {
        guard hasChanged else { return }
        hasChanged = false
        let current = session.interfaces
        guard !hasTold || current != interfaces else { return }
        hasTold = true
        interfaces = current
        onChange(current)
    }
}
