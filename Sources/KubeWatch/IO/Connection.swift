public import EventLoop
internal import System
internal import Wire

/// The daemon's connection to the API server: a `Client`, the Transport that carries it, time and randomness. Its
/// closures are called from the event loop, or from within the calls below; never while the initializer runs.
public final class Connection {
    /// Its waits are of seconds: none is worth waking for by itself.
    private static let timerSlack = Duration.milliseconds(80)

    private let loop: Loop
    private let onChange: (Change) -> Void
    private let onOutcome: (UInt64, Outcome) -> Void
    private let onReachability: (Bool, String) -> Void
    private var client: Client
    private var rng: PRNG
    private var transport: Transport?
    private var timer: Timer?
    private var events = Mailbox<Client.Event>()

    /// Begins to follow the kinds that `configuration` names.
    ///
    /// - Parameters:
    ///   - onChange: the cluster changed, or a list is complete.
    ///   - onOutcome: the write of this number ended.
    ///   - onReachability: whether the server answers, at first and when that changes, and why not.
    /// - Throws: `ConnectionError` where the credentials cannot be used at all. A server that cannot be reached, or
    ///   does not accept them, is told by `onReachability` and `Change.interrupted` instead, and tried again.
    public init(
        loop: Loop, credentials: Credentials, configuration: Client.Configuration = Client.Configuration(),
        onChange: @escaping (Change) -> Void, onOutcome: @escaping (UInt64, Outcome) -> Void,
        onReachability: @escaping (Bool, String) -> Void
    ) throws(ConnectionError) {
        self.loop = loop
        self.onChange = onChange
        self.onOutcome = onOutcome
        self.onReachability = onReachability
        client = Client(configuration)
        do {
            rng = PRNG(seed: try Random.seed())
        } catch { throw .system(error) }
        do {
            timer = try loop.timer(slack: Self.timerSlack) { [unowned self] in handle(.timer) }
        } catch { throw .system(error) }
        try use(credentials)
    }

    /// What has been counted since the start.
    public var counters: Counters { client.counters }

    /// Goes on with other credentials, perhaps of another server: closes all connections and begins anew.
    ///
    /// - Throws: `ConnectionError` where they cannot be used at all; then the old ones stay.
    public func use(_ credentials: Credentials) throws(ConnectionError) {
        let transport = try Transport(loop: loop, credentials: credentials) { [unowned self] in handle($0) }
        self.transport?.close()
        self.transport = transport
        handle(.start)
    }

    /// Sends a write, once, now; its outcome bears `number`, which must not be in use.
    public func write(_ number: UInt64, _ write: Write) {
        handle(.write(number, write, wallTime: WallTime.now()))
    }

    /// Closes all connections before another byte leaves on them, and begins anew. Writes under way end as unanswered.
    public func dropConnections(reason: String) {
        handle(.dropConnections(reason: reason))
    }

    /// Closes all connections, for good; no closure is called any more.
    public func close() {
        transport?.close()
        transport = nil
        timer = nil
        events.removeAll()
    }

    /// Hands an event to the Client. What comes while directives are carried out waits until they are done.
    private func handle(_ event: Client.Event) {
        events.append(event)
        while let event = events.begin() {
            for directive in client.handle(event, at: loop.now, using: &rng) { carryOut(directive) }
            events.end()
        }
    }

    private func carryOut(_ directive: Client.Directive) {
        // After `close` nobody is told anything.
        guard let transport else { return }
        switch directive {
        case .send(let request): transport.send(request)
        case .cancel(let id): transport.cancel(id)
        case .closeConnections: transport.closeConnections()
        case .wake(let instant?): timer?.arm(at: instant)
        case .wake(nil): timer?.disarm()
        case .tell(let change): onChange(change)
        case .wrote(let number, let outcome): onOutcome(number, outcome)
        case .reachable(let isReachable, let detail): onReachability(isReachable, detail)
        }
    }
}
