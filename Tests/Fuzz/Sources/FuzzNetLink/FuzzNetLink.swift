import NetLink
import Wire

/// What libFuzzer calls with each input. The first byte tells when the session gets the rest: before the first dump is
/// done (0), as a notification afterwards (1), or cut into datagrams of 256 bytes with messages lost in between.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let choice = bytes.first else { return 0 }
    let input = bytes.dropFirst()
    var driver = Driver()
    driver.handle(.started)
    switch choice % 3 {
    case 0:
        driver.handle(.received(input))
    case 1:
        driver.finishDump()
        driver.handle(.received(input))
    default:
        for start in stride(from: input.startIndex, to: input.endIndex, by: 256) {
            driver.handle(.received(input[start..<min(start + 256, input.endIndex)]))
            driver.handle(.overrun)
        }
    }
    driver.handle(.timer)
    driver.check()
    return 0
}

/// A session, and the number of the dump that it asked for last.
private struct Driver {
    private var session = Session()
    private var rng = PRNG(seed: 1)
    private var now = Instant.zero
    private var sequence: UInt32 = 0

    mutating func handle(_ event: Session.Event) {
        now = now.advanced(by: .seconds(1))
        for directive in session.handle(event, at: now, using: &rng) {
            switch directive {
            case .request(let request):
                var reader = ByteReader(request)
                let message = try? Message.next(in: &reader)
                precondition(message?.flags == [.request, .dump] && reader.remaining == 0, "not a request for a dump")
                sequence = message?.sequence ?? 0
            case .changed, .notifyPeers:
                precondition(session.isComplete, "told before the first dump was done")
            case .wake(let instant):
                precondition(instant > now, "a wake that has passed")
            case .failed:
                break
            }
        }
    }

    mutating func finishDump() {
        for _ in 0..<2 {
            let done = Message(
                type: Message.Kind.done, flags: .multipart, sequence: sequence, payload: [0, 0, 0, 0])
            handle(.received(done.bytes[...]))
        }
        precondition(session.isComplete)
    }

    func check() {
        let interfaces = session.interfaces
        precondition(session.isComplete || interfaces.isEmpty)
        for (earlier, later) in zip(interfaces, interfaces.dropFirst()) { precondition(earlier.index < later.index) }
        for interface in interfaces {
            precondition(interface.index != 0 && !interface.name.isEmpty)
            precondition(interface.addresses == interface.addresses.sorted())
        }
    }
}
