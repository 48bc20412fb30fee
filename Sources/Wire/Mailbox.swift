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
    // Inlinable: what comes from another module as a generic costs more than to handle many an event.

    /// After a burst of more, the memory is given back.
    @usableFromInline static var keptCount: Int { 64 }

    @usableFromInline var waiting: [Event] = []
    @usableFromInline var next = 0
    /// Whether an event is being handled.
    public var isBusy: Bool { isBegun }
    @usableFromInline var isBegun = false

    /// A mailbox in which nothing waits.
    @inlinable public init() {}

    /// Adds an event, after all that wait.
    @inlinable public mutating func append(_ event: Event) {
        waiting.append(event)
    }

    /// The next event, unless none waits or one is being handled; `end` follows it.
    @inlinable public mutating func begin() -> Event? {
        guard !isBegun, next < waiting.count else { return nil }
        isBegun = true
        next += 1
        return waiting[next - 1]
    }

    /// The event that `begin` gave has been handled.
    @inlinable public mutating func end() {
        isBegun = false
        guard next == waiting.count else { return }
        waiting.removeAll(keepingCapacity: next <= Self.keptCount)
        next = 0
    }

    /// Drops what waits.
    @inlinable public mutating func removeAll() {
        waiting = []
        next = 0
    }
}
