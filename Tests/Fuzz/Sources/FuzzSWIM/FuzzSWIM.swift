import SWIM
import Wire

/// What libFuzzer calls with each input. The first byte says what the rest is: a datagram, or the bytes of a connection
/// and into how long pieces they are cut; with a key or without; with a label or without.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let choice = bytes.first else { return 0 }
    let codec = Codec(
        keyring: choice & 2 == 0 ? nil : keyring, label: choice & 4 == 0 ? nil : Label("tea"), compresses: false)
    if choice & 1 == 0 {
        guard let datagram = try? codec.decode(bytes.dropFirst()) else { return 0 }
        precondition(datagram.messages.count <= Limit.messagesPerDatagram, "more than a byte counts")
        check(datagram.messages)
    } else {
        let direction = choice & 8 == 0 ? Codec.Direction.request : .answer
        let whole = read(bytes.dropFirst(), codec, direction, pieceBytes: max(1, bytes.count))
        let pieces = read(bytes.dropFirst(), codec, direction, pieceBytes: 1 + Int(choice >> 4) * 16)
        precondition(whole == pieces, "it matters how a connection's bytes are cut")
        if case .success(let message?) = whole { check(message) }
    }
    return 0
}

/// The key of those inputs that are encrypted.
private let keyring = (try? Key(Array("0123456789abcdef".utf8))).map { Keyring($0) }

/// How what was read is written again: bare, and in all wrappings.
private let codecs = [
    Codec(compresses: false), Codec(keyring: keyring, label: Label("tea"), compresses: true),
]

/// No secret depends on it.
private let nonce = Array(repeating: UInt8(0), count: 12)

/// What the first message of a connection is, or why there is none.
private func read(
    _ bytes: ArraySlice<UInt8>, _ codec: Codec, _ direction: Codec.Direction, pieceBytes: Int
) -> Result<StreamMessage?, SWIMError> {
    var decoder = StreamDecoder(codec, direction)
    var rest = bytes
    do throws(SWIMError) {
        while !rest.isEmpty {
            if let message = try decoder.append(rest.prefix(pieceBytes)) { return .success(message) }
            rest = rest.dropFirst(pieceBytes)
        }
        return .success(nil)
    } catch {
        return .failure(error)
    }
}

/// What can be read can be written, and read again as the same. A member that hears it sends nothing that is too long.
private func check(_ messages: [Message]) {
    guard !messages.isEmpty else { return }
    for codec in codecs {
        do throws(SWIMError) {
            let bytes = try codec.encode(messages, nonce: nonce, hasChecksum: true)
            let read = try codec.decode(bytes[...])
            precondition(read.messages == messages, "it is written otherwise than it was read")
        } catch {
            // Their sender may have written them shorter than we do.
            guard case .tooLarge = error else { preconditionFailure("what was read cannot be written: \(error)") }
        }
    }
    tell(.received(messages, from: peer))
}

private func check(_ message: StreamMessage) {
    for codec in codecs {
        do throws(SWIMError) {
            let bytes = try codec.encode(message, .request, nonce: nonce)
            precondition(
                read(bytes[...], codec, .request, pieceBytes: bytes.count) == .success(message),
                "it is written otherwise than it was read")
        } catch {
            guard case .tooLarge = error else { preconditionFailure("what was read cannot be written: \(error)") }
        }
    }
    switch message {
    case .pushPull(let state): tell(.pushed(state, id: 1, from: peer))
    case .ping(let ping): tell(.pinged(ping, id: 1))
    case .user(let bytes): tell(.received([.user(bytes)], from: peer))
    case .ack, .error: break
    }
}

private let peer = SocketAddress(.v4(IPv4Address(rawValue: 0x0A4D_000B)), port: 7946)

private func tell(_ event: Event) {
    var rng = PRNG(seed: 1)
    var instance = Instance(
        name: "n1", address: SocketAddress(.v4(IPv4Address(rawValue: 0x0A4D_000C)), port: 7946))
    var directives: [Directive] = []
    for event in [.started, event] { directives += instance.handle(event, at: .zero, using: &rng) }
    directives += instance.handle(.timer, at: .zero.advanced(by: .milliseconds(900)), using: &rng)
    let codec = Codec(keyring: keyring, compresses: false)
    for directive in directives {
        switch directive {
        case .send(let messages, _):
            let bytes = try? codec.encode(messages, nonce: nonce, hasChecksum: true)
            precondition(bytes.map { $0.count <= Limit.datagramBytes } ?? false, "a datagram that is too long")
        case .exchange(let state, _, _), .answer(let state, _):
            precondition(
                (try? codec.encode(.pushPull(state), .answer, nonce: nonce)) != nil, "a state that is too long")
        case .pingByStream, .acknowledge, .wake, .report:
            break
        }
    }
}
