import Varlink
import Wire

/// What libFuzzer calls with each input. The first byte says into how long pieces the rest is cut: the stream of bytes
/// that a client sends, to a server with one method of its own. Then the client is done.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let choice = bytes.first else { return 0 }
    let length = 1 + Int(choice) * 16
    var driver = Driver()
    driver.handle(.opened)
    for start in stride(from: 1, to: bytes.count, by: length) {
        driver.handle(.received(Array(bytes[start..<min(start + length, bytes.count)])))
        precondition(driver.isClosed || driver.session.wantsBytes, "every call was answered, yet it waits")
    }
    driver.handle(.ended)
    precondition(driver.isClosed, "the client is done, and the connection is not")
    return 0
}

/// A session whose Shell answers and sends at once.
private struct Driver {
    var session = Session(
        ServerInfo(
            vendor: "us", product: "test", version: "1", url: "",
            interfaces: [Interface(description: "interface io.test\nmethod Get() -> (text: string)\n")]))
    var isClosed = false
    private var rng = PRNG(seed: 1)

    mutating func handle(_ event: Session.Event) {
        let directives = session.handle(event, at: .zero, using: &rng)
        precondition(!isClosed || directives.isEmpty, "it goes on after the end")
        for directive in directives {
            switch directive {
            case .answer(let call):
                precondition(call.method == "io.test.Get" && !call.isOneway)
                handle(.answered(Reply(["text": "hello"])))
            case .send(let message):
                check(message)
                handle(.sent)
            case .wake:
                break
            case .close:
                isClosed = true
            }
        }
    }

    /// One reply, which a client can read.
    private func check(_ message: [UInt8]) {
        precondition(message.last == 0 && message.dropLast().allSatisfy { $0 != 0 }, "not one message")
        do throws(VarlinkError) {
            _ = try Reply.parameters(Nothing.self, in: message.dropLast())
        } catch {
            guard case .refused(let name) = error, name.hasPrefix("org.varlink.service.") else {
                preconditionFailure("a reply that no client can read")
            }
        }
    }
}

/// Parameters of which none matters.
private struct Nothing: Decodable {}
