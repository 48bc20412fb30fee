import DHCP
import Wire

/// What libFuzzer calls with each input: a frame, which a survey under way on the interface 2 gets as it came, and again as an
/// answer to its first client.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    var rng = PRNG(seed: 1)
    var survey = Survey()
    var question: Frame?
    for directive in survey.handle(.start([2: own]), at: .zero, using: &rng) {
        if case .send(let frame, on: 2) = directive { question = frame }
    }
    precondition(question != nil, "nothing is asked")
    precondition(survey.handle(.received(bytes[...], on: 2), at: .zero, using: &rng).isEmpty, "an offer to nobody")
    if var frame = try? Frame(bytes[...]) {
        precondition((try? Frame(written(frame)[...])) == frame, "another frame than was read")
        frame.message.transactionID = question?.message.transactionID ?? 0
        frame.message.clientHardwareAddress = question?.message.clientHardwareAddress ?? .zero
        _ = survey.handle(.received(written(frame)[...], on: 2), at: .zero, using: &rng)
    }
    for second in Int64(1)...8 {
        let now = Instant.zero.advanced(by: .seconds(second))
        for directive in survey.handle(.timer, at: now, using: &rng) {
            guard case .ended(let offers, unasked: []) = directive else { continue }
            precondition(offers.count <= 1 && offers.allSatisfy { $0.address != .unspecified })
            return 0
        }
    }
    preconditionFailure("it does not end")
}

private let own = MACAddress(rawValue: 0x0200_0A4D_000C)

private func written(_ frame: Frame) -> [UInt8] {
    var writer = ByteWriter(capacity: 1_514)
    frame.write(to: &writer)
    return writer.bytes
}
