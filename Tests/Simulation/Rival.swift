import Wire

@testable import ARP

/// A host beside the client that takes addresses of the pool as RFC 5227 says, while the daemons look for free ones: it probes, gives
/// way to whoever has the address or probes for it too, and else announces and keeps it.
struct Rival {
    private static let interfaceIndex: UInt32 = 1

    private var prober = Prober()
    /// The addresses that it has taken, and when.
    private(set) var takenAt: [IPv4Address: Instant] = [:]
    /// Of the last timer.
    private var generation = 0

    init() {
        // Nothing is under way: it cannot but take note of this.
        var rng = PRNG(seed: 0)
        _ = prober.handle(.interfaces([Self.interfaceIndex: Client.squatter]), at: .zero, using: &rng)
    }

    /// What is to be done about an event, in order: frames to be sent to all, and the instant to be woken at.
    mutating func handle(
        _ event: Prober.Event, at now: Instant, using rng: inout PRNG
    ) -> (frames: [EthernetFrame], wake: (at: Instant, generation: Int)?) {
        var frames: [EthernetFrame] = []
        var wake: (at: Instant, generation: Int)?
        for directive in prober.handle(event, at: now, using: &rng) {
            switch directive {
            case .send(.arp(let frame), for: _): frames.append(frame)
            case .wake(let instant):
                generation += 1
                wake = (instant, generation)
            case .report(.free(let probe)):
                guard case .v4(let address) = probe.address else { continue }
                Log.line("the rival takes \(address)", at: now)
                takenAt[address] = now
                frames.append(.gratuitous(.request, for: address, from: Client.squatter))
            case .report, .send: break
            }
        }
        return (frames, wake)
    }

    /// The same once `address` is to be taken.
    mutating func take(
        _ address: IPv4Address, at now: Instant, using rng: inout PRNG
    ) -> (frames: [EthernetFrame], wake: (at: Instant, generation: Int)?) {
        handle(.probe(Probe(.v4(address), on: Self.interfaceIndex)), at: now, using: &rng)
    }

    /// The same for a frame that has come.
    mutating func receive(
        _ frame: EthernetFrame, at now: Instant, using rng: inout PRNG
    ) -> (frames: [EthernetFrame], wake: (at: Instant, generation: Int)?) {
        var writer = ByteWriter(capacity: EthernetFrame.length)
        frame.write(to: &writer)
        return handle(.received(writer.bytes[...], on: Self.interfaceIndex), at: now, using: &rng)
    }

    /// The same for its timer; nothing where another was set since.
    mutating func ring(
        _ generation: Int, at now: Instant, using rng: inout PRNG
    ) -> (frames: [EthernetFrame], wake: (at: Instant, generation: Int)?) {
        guard generation == self.generation else { return ([], nil) }
        return handle(.timer, at: now, using: &rng)
    }
}

extension World {
    /// The rival sets out to take `address`.
    mutating func race(for address: IPv4Address) {
        rival = rival ?? Rival()
        Log.line("the rival probes for \(address)", at: now)
        carryOut(rival?.take(address, at: now, using: &rng))
    }

    mutating func ringRival(_ generation: Int) { carryOut(rival?.ring(generation, at: now, using: &rng)) }

    /// A frame has come to where the rival is.
    mutating func receiveAtRival(_ frame: EthernetFrame) { carryOut(rival?.receive(frame, at: now, using: &rng)) }

    private mutating func carryOut(_ result: (frames: [EthernetFrame], wake: (at: Instant, generation: Int)?)?) {
        guard let result, let rival else { return }
        client.squatted.formUnion(rival.takenAt.keys)
        if let wake = result.wake { schedule.add(.rival(wake.generation), at: max(wake.at, now)) }
        for frame in result.frames {
            for daemon in daemons where lan.carries(from: daemons.count, to: daemon.index, at: now) && !isLost(lan) {
                schedule.add(.frame(daemon.index, frame), at: now.advanced(by: delay()))
            }
        }
    }
}
