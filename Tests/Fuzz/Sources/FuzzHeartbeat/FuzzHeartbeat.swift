import Heartbeat
import Wire

/// What libFuzzer calls with each input: a packet as another daemon sends it. What can be read has one form on the wire.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let packet = try? Packet(bytes) else { return 0 }
    precondition(packet.bytes == bytes, "it is written otherwise than it was read")
    var instance = Instance(name: "pi1", instance: 1)
    var rng = PRNG(seed: 1)
    _ = instance.handle(.members([packet.sender: packet.instance]), at: .zero, using: &rng)
    for directive in instance.handle(.received(packet), at: .zero, using: &rng) {
        guard case .send(let reply, _) = directive else { continue }
        precondition((try? Packet(reply.bytes)) == reply, "a reply that nobody can read")
    }
    return 0
}
