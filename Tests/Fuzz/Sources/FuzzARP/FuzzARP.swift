import ARP
import Wire

/// What libFuzzer calls with each input: a frame of up to 96 bytes, and another behind it. An announcer that owns
/// 10.77.4.0 to 10.77.4.15 and fd00:4d:: to fd00:4d::f gets each as it came.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    var rng = PRNG(seed: 1)
    var announcer = Announcer(refreshInterval: .seconds(60))
    _ = announcer.handle(.interface(2, own), at: .zero, using: &rng)
    for low in UInt32(0)..<16 {
        _ = announcer.handle(.take(.v4(IPv4Address(rawValue: pool | low)), on: 2), at: .zero, using: &rng)
        _ = announcer.handle(.take(.v6(IPv6Address(high: pool6, low: UInt64(low))), on: 2), at: .zero, using: &rng)
    }
    for start in stride(from: 0, to: bytes.count, by: frameLimit) {
        let frame = bytes[start..<min(start + frameLimit, bytes.count)]
        check(announcer.handle(.received(frame, on: 2), at: .zero, using: &rng), after: frame)
    }
    return 0
}

private let own = MACAddress(rawValue: 0x0200_0A4D_000C)
private let pool: UInt32 = 0x0A4D_0400
private let pool6: UInt64 = 0xFD00_004D_0000_0000
private let frameLimit = 96

/// At most one frame is sent, and only after a whole question. A frame that reads is written as it came, but for options of
/// neighbour discovery that are not kept.
private func check(_ directives: [Announcer.Directive], after bytes: ArraySlice<UInt8>) {
    precondition(directives.count <= 1, "more than one answer")
    let received = try? Frame(bytes)
    if case .arp(let frame)? = received {
        precondition(written(.arp(frame))[...] == bytes.prefix(EthernetFrame.length), "another frame than was read")
    } else if let received {
        precondition((try? Frame(written(received)[...])) == received, "another frame than was read")
    }
    guard let directive = directives.first else { return }
    guard case .send(let answer, on: 2) = directive, let received else { preconditionFailure("an answer to nothing") }
    switch (received, answer) {
    case (.arp(let question), .arp(let answer)): check(answer, to: question.packet)
    case (.ndp(let question), .ndp(let answer)): check(answer, to: question)
    default: preconditionFailure("an answer of another protocol")
    }
}

private func written(_ frame: Frame) -> [UInt8] {
    var writer = ByteWriter()
    frame.write(to: &writer)
    return writer.bytes
}

/// One unicast reply for an address of the pool.
private func check(_ reply: EthernetFrame, to request: Packet) {
    precondition(request.operation == .request && reply.packet.operation == .reply)
    precondition(reply.source == own && reply.packet.senderHardwareAddress == own)
    precondition(reply.destination == request.senderHardwareAddress && !reply.destination.isMulticast)
    precondition(reply.packet.senderProtocolAddress == request.targetProtocolAddress)
    precondition(reply.packet.senderProtocolAddress.rawValue & ~15 == pool)
}

/// One advertisement for an address of the pool, to the asker alone unless that has no address yet.
private func check(_ answer: NeighborFrame, to question: NeighborFrame) {
    guard case .solicitation(let solicitation) = question.message, case .advertisement(let message) = answer.message
    else {
        preconditionFailure("no answer to no question")
    }
    precondition(message.target == solicitation.target && message.target.high == pool6 && message.target.low < 16)
    precondition(answer.source == own && message.targetHardwareAddress == own && answer.sourceAddress == message.target)
    let isProbe = question.sourceAddress == IPv6Address(high: 0, low: 0)
    precondition(message.flags.contains(.solicited) == !isProbe && !message.flags.contains(.router))
    precondition(isProbe || answer.destinationAddress == question.sourceAddress && !answer.destination.isMulticast)
}
