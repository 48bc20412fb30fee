import ARP
import Wire

/// What libFuzzer calls with each input: a frame of up to 60 bytes, and another behind it. An announcer that owns
/// 10.77.4.0 to 10.77.4.15 gets each as it came.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    var rng = PRNG(seed: 1)
    var announcer = Announcer(refreshInterval: .seconds(60))
    _ = announcer.handle(.interface(2, own), at: .zero, using: &rng)
    for low in UInt32(0)..<16 {
        _ = announcer.handle(.take(IPv4Address(rawValue: pool | low), on: 2), at: .zero, using: &rng)
    }
    for start in stride(from: 0, to: bytes.count, by: 60) {
        let frame = bytes[start..<min(start + 60, bytes.count)]
        checkReplies(announcer.handle(.received(frame, on: 2), at: .zero, using: &rng), to: frame)
    }
    return 0
}

private let own = MACAddress(rawValue: 0x0200_0A4D_000C)
private let pool: UInt32 = 0x0A4D_0400

/// An answer is one unicast reply for an address of the pool, and only a whole request gets one; a frame that reads is
/// written as it came.
private func checkReplies(_ directives: [Announcer.Directive], to bytes: ArraySlice<UInt8>) {
    precondition(directives.count <= 1, "more than one answer")
    let received = try? EthernetFrame(bytes)
    if let received {
        var writer = ByteWriter()
        received.write(to: &writer)
        precondition(writer.bytes[...] == bytes.prefix(EthernetFrame.length), "another frame than was read")
    }
    guard let directive = directives.first else { return }
    guard case .send(let reply, on: 2) = directive, let request = received?.packet else {
        preconditionFailure("an answer to nothing")
    }
    precondition(request.operation == .request && reply.packet.operation == .reply)
    precondition(reply.source == own && reply.packet.senderHardwareAddress == own)
    precondition(reply.destination == request.senderHardwareAddress && !reply.destination.isMulticast)
    precondition(reply.packet.senderProtocolAddress == request.targetProtocolAddress)
    precondition(reply.packet.senderProtocolAddress.rawValue & ~15 == pool)
}
