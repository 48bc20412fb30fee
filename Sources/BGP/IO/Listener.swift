public import EventLoop
internal import Glibc
public import System
public import Wire

/// Where peers connect to: one TCP port for all peerings. It is open while a peer is expected; while it cannot be opened,
/// because another program has it, it is tried again and again.
public final class Listener {
    /// How long to wait before the port is tried again.
    private static let pause = Duration.seconds(5)
    /// How many connections are accepted at once, before others have their turn.
    private static let connectionsPerTurn = 16

    /// A connection of the peer's.
    public typealias Handler = (consuming TCPSocket) -> Void

    private struct Expected {
        var owner: ObjectIdentifier
        var key: [UInt8]
        var handler: Handler
    }

    /// The open port.
    private final class Opening {
        let socket: TCPListener
        var source: IOSource?

        init(_ address: SocketAddress) throws(Errno) {
            socket = try TCPListener(at: address)
            // What answers a peer that checks how far its packets have come (RFC 5082) comes from here, too.
            try socket.setHopLimit(.max)
        }

        deinit {
            // Before the socket that it borrows is closed.
            source = nil
        }
    }

    /// Told why the port cannot be opened, and nil when it can.
    public var onTrouble: (String?) -> Void = { _ in }
    /// Where it listens by now; nil where it does not.
    public var address: SocketAddress? { opening?.socket.address }

    private let wanted: SocketAddress
    private let loop: Loop
    private var opening: Opening?
    private var timer: Timer?
    private var expected: [IPAddress: Expected] = [:]

    /// A port at `address`, not opened before somebody is expected. At `::` it hears IPv4 as well.
    ///
    /// - Throws: `Errno` where the loop takes no timer.
    public init(at address: SocketAddress, loop: Loop) throws(Errno) {
        self.loop = loop
        wanted = address
        timer = try loop.timer { [unowned self] in open() }
    }

    /// Hands the connections of `peer` to `handler` from now on, and to nobody else; those of others are closed. With a `key`,
    /// only those that are signed with it are heard (TCP-MD5, RFC 2385).
    public func expect(
        _ peer: IPAddress, key: [UInt8] = [], for owner: AnyObject, _ handler: @escaping Handler
    ) {
        let isSigned = !(expected[peer]?.key ?? []).isEmpty || !key.isEmpty
        expected[peer] = Expected(owner: ObjectIdentifier(owner), key: key, handler: handler)
        if opening == nil { open() } else if isSigned { sign(peer, key) }
    }

    /// Ends what `expect` began for `owner`.
    public func ignore(_ peer: IPAddress, for owner: AnyObject) {
        guard let old = expected[peer], old.owner == ObjectIdentifier(owner) else { return }
        expected[peer] = nil
        if expected.isEmpty {
            opening = nil
            timer?.disarm()
        } else if !old.key.isEmpty {
            sign(peer, [])
        }
    }

    private func open() {
        guard opening == nil, !expected.isEmpty else { return }
        do throws(Errno) {
            let fresh = try Opening(wanted)
            for (peer, one) in expected where !one.key.isEmpty { try fresh.socket.sign(what: peer, with: one.key) }
            fresh.source = try loop.watch(fresh.socket.rawValue, for: .readable) { [unowned self] _ in accept() }
            opening = fresh
            onTrouble(nil)
        } catch {
            fail(error)
        }
    }

    private func sign(_ peer: IPAddress, _ key: [UInt8]) {
        do throws(Errno) { try opening?.socket.sign(what: peer, with: key) } catch {
            // Without its key the peer would be heard unsigned.
            opening = nil
            fail(error)
        }
    }

    private func fail(_ error: Errno) {
        onTrouble("\(error)")
        timer?.arm(at: loop.now.advanced(by: Self.pause))
    }

    private func accept() {
        for _ in 0..<Self.connectionsPerTurn {
            do throws(Errno) {
                guard let socket = try opening?.socket.accept() else { return }
                if let one = expected[socket.peer.address] { one.handler(socket) }
            } catch {
                // No more descriptors: as if nobody listened, until the next try.
                opening = nil
                return fail(error)
            }
        }
    }
}
