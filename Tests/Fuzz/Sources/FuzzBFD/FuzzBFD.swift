import BGP
import Wire

/// What libFuzzer calls with each input. The first byte says whether there is a key; then come datagrams, each behind its
/// length. What is for a session is made to be: its number is put into those that have another.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let choice = bytes.first else { return 0 }
    let key = choice & 1 == 0 ? nil : BFD.Authentication(keyID: 7, key: "swordfish".utf8, isMeticulous: choice & 2 != 0)
    var session = BFD.Session(BFD.Settings(authentication: key), discriminator: 77)
    var rng = PRNG(seed: 1)
    var now = Instant.zero
    var directives = session.handle(.start, at: now, using: &rng)
    var rest = bytes.dropFirst()
    while let length = rest.popFirst() {
        var datagram = Array(rest.prefix(Int(length)))
        rest = rest.dropFirst(Int(length))
        if let packet = try? BFD.ControlPacket(datagram[...]) {
            let read = try? BFD.ControlPacket(packet.bytes[...])
            precondition(read == packet, "it is written otherwise than it was read")
            if packet.yourDiscriminator != 0 { datagram.replaceSubrange(8..<12, with: [0, 0, 0, 77]) }
        }
        now = now.advanced(by: .milliseconds(10))
        directives += session.handle(.received(datagram[...], hopLimit: 255), at: now, using: &rng)
        directives += session.handle(.timer, at: now, using: &rng)
    }
    for directive in directives {
        switch directive {
        case .send(let bytes):
            let packet = try? BFD.ControlPacket(bytes[...])
            precondition(packet?.myDiscriminator == 77 && packet?.isDemand == false, "a packet that nobody can read")
            precondition((packet?.authentication == nil) == (key == nil), "a packet without its proof")
        case .wake(let at): precondition(at > .zero, "it wants to be woken at once, always")
        case .report: break
        }
    }
    return 0
}
