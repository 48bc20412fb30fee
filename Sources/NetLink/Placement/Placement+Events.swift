public import Wire

extension Placement {
    /// Where this node itself bears the addresses that it answers for.
    public enum Mode: String, CaseIterable, Hashable, Sendable {
        /// Nowhere: the kernel does not know of them.
        case none
        /// On the interface that each is answered on.
        case interface
        /// On an interface of its own, `Message.deviceName`.
        case dummy
    }

    /// The interface `Message.deviceName`.
    public enum Device: Hashable, Sendable {
        /// There is none.
        case missing
        /// One with the mark, which lbd has made: this is its index.
        case ours(UInt32)
        /// One without the mark.
        case foreign
    }

    /// What the kernel is asked to do.
    public enum Request: Hashable, Sendable {
        /// Put this on its interface, or, unless it `isNew`, have it stay for longer.
        case hold(Holding, scope: Message.Scope, isNew: Bool)
        /// Take this off its interface.
        case drop(Holding)
        /// Make the interface `Message.deviceName`.
        case makeDevice
        /// Remove it, whose index this is.
        case removeDevice(UInt32)

        /// Its message.
        public func message(sequence: UInt32) -> Message {
            switch self {
            case .hold(let holding, let scope, let isNew):
                .hold(
                    holding, scope: scope, seconds: Placement.lifetimeSeconds, replaces: !isNew, sequence: sequence)
            case .drop(let holding): .drop(holding, sequence: sequence)
            case .makeDevice: .makeDevice(sequence: sequence)
            case .removeDevice(let index): .removeDevice(index, sequence: sequence)
            }
        }
    }

    /// What happens to a placement.
    public enum Event: Hashable, Sendable {
        /// The daemon has started; what the one before it answered for, if that goes on, has been taken.
        case started
        /// What there is, as `Directive.look` asked: lbd's interface, and all that bear lbd's mark.
        case found(Device, held: Set<Holding>)
        /// All interfaces; replaces what was told before.
        case interfaces([Interface])
        /// This is answered for from now on.
        case take(IPAddress, on: UInt32)
        /// This is not answered for any more.
        case release(IPAddress, on: UInt32)
        /// Whether anything is answered at all, whatever was taken.
        case answer(Bool)
        /// The kernel has done this (0), or refused it (errno(3)).
        case answered(Request, code: Int32)
        /// The instant of the last `Directive.wake` has come; also harmless at any other time.
        case timer
        /// The daemon ends, and another goes on: the last event.
        case keep
        /// The daemon ends for good: the last event.
        case end
    }

    /// What a placement asks of its shell, to be carried out in order.
    public enum Directive: Hashable, Sendable {
        /// See what there is, and tell by `Event.found`.
        case look
        /// Have the kernel do this, and tell what came of it by `Event.answered`.
        case ask(Request)
        /// Send `Event.timer` at this instant; replaces the instant asked for before.
        case wake(at: Instant)
        /// Tell people of this; nil where all is well again.
        case report(Problem?)
    }

    /// Why an address is not where it should be.
    public enum Problem: Hashable, Sendable {
        /// lbd's interface cannot be made; `code` is the kernel's number (errno(3)).
        case noDevice(code: Int32)
        /// There is another of that name.
        case foreignDevice
        /// The interface of this name bears the address already, and not from lbd.
        case isBorne(IPAddress, on: String)
        /// The kernel has refused to put the address on the interface of this name.
        case refused(IPAddress, on: String, code: Int32)
    }
}
