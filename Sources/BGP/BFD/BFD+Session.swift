public import Wire

extension BFD {
    /// One side of BFD with a router (RFC 5880 section 6.8), in asynchronous mode. Demand mode is refused: a peer that wants
    /// it goes on to get packets, which it does not look at. There is no echo.
    public struct Session: Sendable {
        /// While a session is not up, nobody sends more often (section 6.8.3).
        private static let slowInterval = Duration.seconds(1)

        private enum Mode: Hashable {
            case stopped
            case running
            case stopping(until: Instant)
        }

        /// What it goes by.
        public let settings: Settings
        /// What was sent, received and dropped.
        public private(set) var counters = Counters()
        /// How far it is (bfd.SessionState).
        public private(set) var state = State.down
        /// When `state` became what it is.
        public private(set) var since = Instant.zero
        /// Why (bfd.LocalDiag).
        public private(set) var diagnostic = Diagnostic.none

        private let discriminator: UInt32
        private var mode = Mode.stopped
        private var remote = Remote()
        /// Whether packets ask for an answer until one has come.
        private var isPolling = false
        private var sequence: UInt32?
        private var sentAt: Instant?
        private var sendAt: Instant?
        /// The pace that `sendAt` comes from.
        private var pace: Duration?
        private var detectAt: Instant?
        private var lastWake: Instant?

        /// A session that is stopped. `discriminator` tells it apart from others of this node, and is random and not 0.
        public init(_ settings: Settings, discriminator: UInt32) {
            self.settings = settings
            self.discriminator = max(discriminator, 1)
        }

        /// The longest silence after which the peer is taken to be lost (section 6.8.4); nil before it was heard.
        public var detectionTime: Duration? {
            guard let interval = remote.transmitInterval else { return nil }
            return max(interval, settings.receiveInterval) * Int(remote.detectMultiplier)
        }

        /// The time between two packets of this side, before chance shortens it; nil where the peer wants none.
        public var transmitInterval: Duration? {
            guard remote.receiveInterval > .zero else { return nil }
            return max(desiredInterval, remote.receiveInterval)
        }

        /// Takes one event and says what to do about it.
        public mutating func handle(_ event: Event, at now: Instant, using rng: inout PRNG) -> [Directive] {
            var directives: [Directive] = []
            noticeStop(at: now)
            switch event {
            case .start:
                guard mode == .stopped else { break }
                mode = .running
                change(to: .down, .none, at: now, &directives)
                schedule(at: now)
            case .stop: stop(at: now, &directives)
            case .received(let bytes, let hopLimit): receive(bytes, hopLimit, at: now, using: &rng, &directives)
            case .timer: lastWake = nil
            }
            act(at: now, using: &rng, &directives)
            return directives
        }

        /// A process that comes so late was stopped or starved: what the peer has sent meanwhile waits to be read, and comes
        /// before it is given up.
        private mutating func noticeStop(at now: Instant) {
            guard let lastWake, let detectAt, let detectionTime else { return }
            let interval = detectionTime / Int(remote.detectMultiplier)
            guard lastWake.duration(to: now) > interval else { return }
            self.lastWake = nil
            self.detectAt = max(detectAt, now.advanced(by: interval))
        }

        private mutating func stop(at now: Instant, _ directives: inout [Directive]) {
            guard mode == .running else {
                if mode == .stopped { directives.append(.report(.ended)) }
                return
            }
            let heardBy = (transmitInterval ?? .zero) * Int(settings.detectMultiplier)
            mode = .stopping(until: now.advanced(by: max(heardBy, Self.slowInterval)))
            change(to: .adminDown, .administrativelyDown, at: now, &directives)
            schedule(at: now)
        }

        private mutating func change(
            to new: State, _ reason: Diagnostic, at now: Instant, _ directives: inout [Directive]
        ) {
            guard new != state else { return }
            let isLost = state == .up && new == .down
            state = new
            since = now
            diagnostic = reason
            // From slow to what was set: a change that must be told by asking (section 6.8.3).
            isPolling = new == .up
            if new == .up { directives.append(.report(.up)) }
            if isLost { directives.append(.report(remote.state == .adminDown ? .suspended : .down(reason))) }
            sendAt = now
        }

        // MARK: What comes

        private mutating func receive(
            _ bytes: ArraySlice<UInt8>, _ hopLimit: UInt8, at now: Instant, using rng: inout PRNG,
            _ directives: inout [Directive]
        ) {
            guard mode != .stopped, let packet = accepted(bytes, hopLimit, at: now) else { return }
            counters.received += 1
            remote.take(packet)
            remote.provenUntil = detectionTime.map { now.advanced(by: $0 * 2) }
            if packet.isDemand { counters.demands += 1 }
            if packet.isFinal { isPolling = false }
            guard mode == .running else { return }
            follow(packet.state, at: now, &directives)
            detectAt = detectionTime.map { now.advanced(by: $0) }
            if packet.isPoll { send(isFinal: true, at: now, using: &rng, &directives) }
            reschedule(at: now, using: &rng)
        }

        /// The packet, if it is for this session and from its peer (section 6.8.6).
        private mutating func accepted(
            _ bytes: ArraySlice<UInt8>, _ hopLimit: UInt8, at now: Instant
        ) -> ControlPacket? {
            guard let packet = try? ControlPacket(bytes) else {
                counters.malformed += 1
                return nil
            }
            guard hopLimit >= settings.minimumHopLimit else {
                counters.tooFar += 1
                return nil
            }
            let isNew = packet.yourDiscriminator == 0
            guard
                isNew ? packet.state == .down || packet.state == .adminDown : packet.yourDiscriminator == discriminator
            else {
                counters.otherSession += 1
                return nil
            }
            guard isAuthentic(packet, bytes, at: now) else {
                counters.notAuthentic += 1
                return nil
            }
            return packet
        }

        private mutating func isAuthentic(_ packet: ControlPacket, _ bytes: ArraySlice<UInt8>, at now: Instant) -> Bool
        {
            guard let authentication = settings.authentication else { return packet.authentication == nil }
            guard let sequence = authentication.verify(packet, bytes) else { return false }
            return remote.accepts(sequence, isMeticulous: authentication.isMeticulous, at: now)
        }

        /// Section 6.8.6, from the peer's state to the own.
        private mutating func follow(_ peer: State, at now: Instant, _ directives: inout [Directive]) {
            switch (state, peer) {
            case (.initializing, .adminDown), (.up, .adminDown), (.up, .down):
                change(to: .down, .neighborSignaledDown, at: now, &directives)
            case (.down, .down):
                change(to: .initializing, diagnostic, at: now, &directives)
            case (.down, .initializing), (.initializing, .initializing), (.initializing, .up):
                change(to: .up, .none, at: now, &directives)
            default:
                break
            }
        }

        // MARK: What goes

        /// What this side says that it would send at most.
        private var desiredInterval: Duration {
            state == .up ? settings.transmitInterval : max(settings.transmitInterval, Self.slowInterval)
        }

        /// Whether packets are sent without being asked for (section 6.8.7).
        private var isSending: Bool {
            guard mode != .stopped, transmitInterval != nil else { return false }
            return !settings.isPassive || remote.discriminator != 0
        }

        private mutating func schedule(at instant: Instant) {
            sendAt = isSending ? instant : nil
        }

        /// Follows a peer that wants packets more or less often than before.
        private mutating func reschedule(at now: Instant, using rng: inout PRNG) {
            guard isSending, let interval = transmitInterval else {
                sendAt = nil
                return
            }
            guard sendAt == nil || pace != interval, sendAt != now else { return }
            sendAt = max(now, (sentAt ?? now).advanced(by: shortened(interval, using: &rng)))
            pace = interval
        }

        /// Up to a quarter less by chance; with a multiplier of 1, a tenth at least, so that the peer does not miss it
        /// (section 6.8.7).
        private func shortened(_ interval: Duration, using rng: inout PRNG) -> Duration {
            rng.shortened(interval, to: settings.detectMultiplier == 1 ? 0.75...0.9 : 0.75...1)
        }

        private mutating func send(
            isFinal: Bool = false, at now: Instant, using rng: inout PRNG, _ directives: inout [Directive]
        ) {
            let packet = ControlPacket(
                diagnostic: diagnostic, state: state, isPoll: isPolling && !isFinal, isFinal: isFinal,
                detectMultiplier: settings.detectMultiplier, myDiscriminator: discriminator,
                yourDiscriminator: remote.discriminator, desiredMinTxMicroseconds: desiredInterval.microseconds,
                requiredMinRxMicroseconds: settings.receiveInterval.microseconds)
            counters.sent += 1
            guard let authentication = settings.authentication else {
                directives.append(.send(packet.bytes))
                return
            }
            let number = sequence.map { $0 &+ 1 } ?? UInt32.random(in: 0...UInt32.max, using: &rng)
            sequence = number
            directives.append(.send(authentication.sign(packet, sequence: number)))
        }

        // MARK: What is due

        private mutating func act(at now: Instant, using rng: inout PRNG, _ directives: inout [Directive]) {
            if case .stopping(until: let end) = mode, end <= now {
                mode = .stopped
                (sendAt, detectAt) = (nil, nil)
                remote = Remote()
                directives.append(.report(.ended))
            }
            if let due = detectAt, due <= now { lose(at: now, &directives) }
            if let due = sendAt, due <= now {
                send(at: now, using: &rng, &directives)
                sentAt = now
                pace = transmitInterval
                sendAt = pace.map { now.advanced(by: shortened($0, using: &rng)) }
                if !isSending { sendAt = nil }
            }
            var deadlines = [sendAt, detectAt]
            if case .stopping(until: let end) = mode { deadlines.append(end) }
            guard let deadline = deadlines.compactMap({ $0 }).min(), deadline != lastWake else { return }
            lastWake = deadline
            directives.append(.wake(at: deadline))
        }

        /// The peer was not heard for the detection time (section 6.8.4).
        private mutating func lose(at now: Instant, _ directives: inout [Directive]) {
            detectAt = nil
            remote.forget()
            guard mode == .running, state == .initializing || state == .up else { return }
            change(to: .down, .detectionTimeExpired, at: now, &directives)
        }
    }
}

extension Duration {
    /// In whole microseconds, as they go on the wire.
    fileprivate var microseconds: UInt32 { UInt32(clamping: nanoseconds / 1_000) }
}
