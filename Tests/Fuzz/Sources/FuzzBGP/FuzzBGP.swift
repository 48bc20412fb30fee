import BGP
import Wire

/// What libFuzzer calls with each input. The first byte says how a peer is: of two octets or four, of the own AS or not,
/// established or about to be; and into how long pieces its bytes, the rest, are cut.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let choice = bytes.first else { return 0 }
    let codec = Codec(hasFourOctetASNs: choice & 1 == 0, isInternal: choice & 2 != 0)
    let whole = read(bytes.dropFirst(), codec, pieceBytes: max(1, bytes.count))
    let pieces = read(bytes.dropFirst(), codec, pieceBytes: 1 + Int(choice >> 3) * 4)
    precondition(whole.messages == pieces.messages, "it matters how a connection's bytes are cut")
    precondition(whole.error == pieces.error, "it matters how a connection's bytes are cut")
    for message in whole.messages { check(message, codec) }
    if let error = whole.error {
        precondition(!error.description.isEmpty && error.notification.code > 0, "an error without a NOTIFICATION")
    }
    var driver = Driver(codec, isEstablished: choice & 4 != 0)
    driver.hear(bytes.dropFirst(), pieceBytes: 1 + Int(choice >> 3) * 4)
    return 0
}

/// The messages of a connection up to what cannot be read.
private func read(
    _ bytes: ArraySlice<UInt8>, _ codec: Codec, pieceBytes: Int
) -> (messages: [Message], error: BGPError?) {
    var decoder = StreamDecoder()
    var messages: [Message] = []
    var rest = bytes
    do throws(BGPError) {
        while !rest.isEmpty {
            decoder.append(rest.prefix(pieceBytes))
            rest = rest.dropFirst(pieceBytes)
            while let message = try decoder.next(codec) { messages.append(message) }
        }
    } catch {
        return (messages, error)
    }
    return (messages, nil)
}

/// What can be read can be written, and read again as the same, but for what was wrong with it.
private func check(_ message: Message, _ codec: Codec) {
    var message = message
    if case .update(var update) = message {
        update.faults = []
        message = .update(update)
    }
    do throws(BGPError) {
        let bytes = codec.encode(message)
        var read = try codec.decode(bytes[...])
        if case .update(var update) = read {
            update.faults = []
            read = .update(update)
        }
        // Data of a NOTIFICATION may be longer than what is sent.
        if case .notification = message, bytes.count == Message.maximumBytes { return }
        precondition(read == message, "it is written otherwise than it was read")
    } catch {
        // An OPEN may have grown by what its capabilities are put into.
        guard case .badMessageLength = error else { preconditionFailure("what was read cannot be written: \(error)") }
    }
}

/// A session whose shell does at once what it is asked for.
private struct Driver {
    private var session: Session
    private var rng = PRNG(seed: 1)
    private var isClosed = false

    init(_ codec: Codec, isEstablished: Bool) {
        let peer: UInt32 = codec.isInternal ? 64_512 : 64_513
        session = Session(
            Settings(localASN: 64_512, peerASN: peer, routerID: IPv4Address(rawValue: 1)))
        handle(.wanted([:]))
        handle(.start)
        handle(.connected(1, localAddress: .v4(IPv4Address(rawValue: 2))))
        guard isEstablished else { return }
        let open = Open(asn: peer, holdTimeSeconds: 9, routerID: IPv4Address(rawValue: 3), capabilities: [])
        handle(.received((Codec().encode(.open(open)) + Codec().encode(.keepalive))[...], on: 1))
        precondition(session.state == .established, "a peer that says what it should is refused")
    }

    mutating func hear(_ bytes: ArraySlice<UInt8>, pieceBytes: Int) {
        var rest = bytes
        while !rest.isEmpty, !isClosed {
            handle(.received(rest.prefix(pieceBytes), on: 1))
            rest = rest.dropFirst(pieceBytes)
        }
        precondition(isClosed == (session.lastCause != nil), "a connection was closed for no reason")
    }

    private mutating func handle(_ event: Event) {
        var sent = false
        for directive in session.handle(event, at: .zero, using: &rng) {
            switch directive {
            case .send(let bytes, on: 1):
                precondition((try? Codec().decode(bytes[...])) != nil || session.state == .established)
                sent = true
            case .close(1): isClosed = true
            case .connect(1), .wake, .report: break
            default: preconditionFailure("nobody asked for that")
            }
        }
        if sent, !isClosed { handle(.drained(1)) }
    }
}
