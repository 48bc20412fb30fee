internal import Wire

/// Somebody whom gossip does not call alive, or did not a while ago, as his last packet shows him.
struct Stranger: Hashable {
    let instance: UInt64
    private(set) var counter: UInt64
    /// When it was told last that he is heard.
    var toldAt: Instant?
    /// Whether it was told that he answers for addresses.
    var isToldToAnswer = false

    init(instance: UInt64, counter: UInt64) {
        self.instance = instance
        self.counter = counter
    }

    /// Whether `packet` is not newer than what has come of the same daemon: somebody has recorded it.
    func outdates(_ packet: Packet) -> Bool { packet.instance == instance && packet.counter <= counter }

    /// The same man, or another of his name, after `packet`.
    func after(_ packet: Packet) -> Stranger {
        var new = self
        if packet.instance != instance { new = Stranger(instance: packet.instance, counter: 0) }
        new.counter = packet.counter
        new.toldAt = toldAt
        return new
    }
}
