/// Events that wait while one is handled: carrying out a directive may cause the next at once, and a state machine takes one
/// after the other.
///
/// ```
/// mailbox.append(event)
/// while let event = mailbox.begin() {
///     for directive in machine.handle(event) { carryOut(directive) }
///     mailbox.end()
/// }
/// ```
public struct Mailbox<Event> {
    /// After a burst of more, the memory is given back.
    private static var keptCount: Int { 64 }

    private var waiting: [Event] = []
    private var next = 0
    /// Whether an event is being handled.
    public private(set) var isBusy = false

    /// A mailbox in which nothing waits.
    public init() {}

    /// Adds an event, after all that wait.
    public mutating func append(_ event: Event) {
        waiting.append(event)
    }

    /// The next event, unless none waits or one is being handled; `end` follows it.
    public mutating func begin() -> Event? {
        guard !isBusy, next < waiting.count else { return nil }
        isBusy = true
        next += 1
        return waiting[next - 1]
    }

    /// The event that `begin` gave has been handled.
    public mutating func end() {
        isBusy = false
        guard next == waiting.count else { return }
        waiting.removeAll(keepingCapacity: next <= Self.keptCount)
        next = 0
    }

    /// Drops what waits.
    public mutating func removeAll() {
        waiting = []
        next = 0
    }
}
