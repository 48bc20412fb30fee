import Testing
import Wire

@testable import Varlink

@Suite struct SessionTests {
    /// A session of a server with one method, and what it asked for.
    private struct Rig {
        var session = Session(
            ServerInfo(
                vendor: "us", product: "test", version: "1", url: "man:test(8)",
                interfaces: [Interface(description: "# A test.\ninterface io.test\nmethod Get() -> (text: string)\n")]))
        var now = Instant.zero
        private var rng = PRNG(seed: 1)

        mutating func send(_ event: Session.Event) -> [Session.Directive] {
            session.handle(event, at: now, using: &rng)
        }

        /// Sends messages, and gives the text of the reply where there is one.
        mutating func call(_ messages: String...) -> [Session.Directive] {
            send(.received(messages.flatMap { Array($0.utf8) + [0] }))
        }

        /// The reply to one message.
        mutating func reply(to message: String) -> String? {
            guard case .send(let bytes)? = call(message).first else { return nil }
            _ = send(.sent)
            return String(decoding: bytes.dropLast(), as: UTF8.self)
        }
    }

    private static let get = Session.Directive.answer(Call("io.test.Get"))

    @Test func theServerTellsAboutItselfAndItsInterfaces() {
        var rig = Rig()
        #expect(
            rig.reply(to: #"{"method":"org.varlink.service.GetInfo"}"#)
                == #"{"parameters":{"interfaces":["org.varlink.service","io.test"],"product":"test","#
                + #""url":"man:test(8)","vendor":"us","version":"1"}}"#)
        #expect(
            rig.reply(
                to: #"{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"io.test"}}"#)
                == ##"{"parameters":{"description":"# A test.\ninterface io.test\nmethod Get() -> (text: string)\n"}}"##
        )
    }

    @Test(arguments: [
        (#"{"method":"Get"}"#, "InvalidParameter", #""parameter":"method""#),
        (#"{"method":"io.other.Get"}"#, "InterfaceNotFound", #""interface":"io.other""#),
        (#"{"method":"io.test.Set"}"#, "MethodNotFound", #""method":"io.test.Set""#),
        (#"{"method":"io.test.Get","upgrade":true}"#, "MethodNotImplemented", #""method":"io.test.Get""#),
        (
            #"{"method":"org.varlink.service.GetInfo","parameters":{"b":1,"a":2}}"#, "InvalidParameter",
            #""parameter":"a""#
        ),
        (
            #"{"method":"org.varlink.service.GetInterfaceDescription","parameters":{}}"#, "InvalidParameter",
            #""parameter":"interface""#
        ),
        (
            #"{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":7}}"#,
            "InvalidParameter", #""parameter":"interface""#
        ),
        (
            #"{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"io.x"}}"#,
            "InterfaceNotFound", #""interface":"io.x""#
        ),
    ])
    func aCallThatCannotBeCarriedOutGetsAnError(call: String, error: String, parameter: String) {
        var rig = Rig()
        #expect(
            rig.reply(to: call) == #"{"error":"org.varlink.service.\#(error)","parameters":{\#(parameter)}}"#)
        // The connection goes on.
        #expect(rig.call(#"{"method":"io.test.Get"}"#) == [Self.get])
    }

    @Test func aCallOfItsOwnMethodIsGivenOutAndAnsweredOnce() {
        var rig = Rig()
        let call = #"{"method":"io.test.Get","parameters":null,"more":true}"#
        guard case .answer(let given)? = rig.call(call).first else {
            Issue.record("no call")
            return
        }
        #expect(given.wantsMore)
        #expect(!rig.session.wantsBytes)
        let reply = Array(#"{"parameters":{"text":"hello"}}"#.utf8) + [0]
        #expect(rig.send(.answered(Reply(["text": "hello"]))) == [.send(reply)])
        #expect(rig.send(.answered(Reply(["text": "again"]))) == [])
        #expect(rig.send(.sent) == [])
        #expect(rig.session.wantsBytes)
    }

    @Test func callsThatComeTogetherAreAnsweredOneAfterTheOther() {
        var rig = Rig()
        let call = #"{"method":"io.test.Get"}"#
        let oneway = #"{"method":"io.test.Get","oneway":true}"#
        let directives = rig.call(call, oneway, #"{"method":"nothing.Such"}"#, call)
        #expect(directives == [Self.get])
        #expect(rig.send(.answered(.success(parameters: []))) == [.send(Array(#"{"parameters":}"#.utf8) + [0])])
        guard case .send? = rig.send(.sent).first else {
            Issue.record("the error of the third call is missing")
            return
        }
        #expect(rig.send(.sent) == [Self.get])
        // The last reply leaves although the client has said all it had to say.
        #expect(rig.send(.ended) == [])
        #expect(rig.send(.answered(.success(parameters: []))).count == 1)
        #expect(rig.send(.sent) == [.close(.done)])
        #expect(rig.send(.timer) == [])
    }

    @Test func aMessageMayComeInPieces() {
        var rig = Rig()
        let bytes = Array(#"{"method":"io.test.Get"}"#.utf8) + [0]
        #expect(rig.send(.received(Array(bytes[..<9]))) == [])
        #expect(rig.send(.received(Array(bytes[9...]))) == [Self.get])
    }

    @Test(arguments: [
        "hello", "[]", "{}", #"{"method":7}"#, #"{"method":"a.B","parameters":[]}"#,
        #"{"method":"a.B","oneway":"yes"}"#,
        #"{"method":"a.B","oneway":true,"more":true}"#, #"{"method":"a.B""#, "\u{1}",
    ])
    func whatIsNoCallEndsTheConnection(message: String) {
        var rig = Rig()
        #expect(rig.call(message, #"{"method":"io.test.Get"}"#) == [.close(.malformed)])
        #expect(!rig.session.wantsBytes)
        #expect(rig.call(#"{"method":"io.test.Get"}"#) == [])
    }

    @Test func aCallWithoutAnEndIsNotCollectedForEver() {
        var rig = Rig()
        let piece = [UInt8](repeating: UInt8(ascii: " "), count: Limit.callBytes)
        #expect(rig.send(.received(piece)) == [])
        #expect(rig.send(.received([UInt8(ascii: " ")])) == [.close(.malformed)])
    }

    @Test func aReplyBeyondTheLimitIsNotSent() {
        var rig = Rig()
        #expect(rig.call(#"{"method":"io.test.Get"}"#) == [Self.get])
        let parameters = [UInt8](repeating: 0, count: Limit.replyBytes)
        #expect(rig.send(.answered(.success(parameters: parameters))) == [.close(.oversizedReply)])
    }

    @Test func aSilentClientIsSentAwayAndOneThatCallsIsNot() {
        var rig = Rig()
        #expect(rig.send(.opened) == [.wake(at: Instant.zero.advanced(by: Limit.idle))])
        rig.now = .zero.advanced(by: .seconds(20))
        // Bytes that make no call are no sign of life.
        #expect(rig.send(.received([UInt8(ascii: "{")])) == [])
        #expect(rig.call(#""method":"a.B","oneway":true}"#) == [])
        rig.now = .zero.advanced(by: Limit.idle)
        let later = Instant.zero.advanced(by: .seconds(50))
        #expect(rig.send(.timer) == [.wake(at: later)])
        _ = rig.send(.received([UInt8(ascii: "{")]))
        rig.now = later
        #expect(rig.send(.timer) == [.close(.idle)])
    }

    @Test func aClientThatTakesNoReplyIsSentAway() {
        var rig = Rig()
        _ = rig.send(.opened)
        rig.now = .zero.advanced(by: .seconds(5))
        _ = rig.call(#"{"method":"org.varlink.service.GetInfo"}"#)
        rig.now = .zero.advanced(by: .seconds(35))
        #expect(rig.send(.timer) == [.close(.idle)])
    }

    @Test func theClientsSideReadsWhatTheServersSideWrites() throws {
        let text = try Reply.parameters([String: String].self, in: Reply(["text": "hello"]).message.dropLast())
        #expect(text == ["text": "hello"])
        let refusal = Array(Reply.failure(.methodNotFound("a.B")).message.dropLast())
        #expect(throws: VarlinkError.refused(name: "org.varlink.service.MethodNotFound")) {
            try Reply.parameters([String: String].self, in: refusal)
        }
        #expect(throws: VarlinkError.malformed) { try Reply.parameters([String: String].self, in: Array("{}".utf8)) }
        #expect(try Call(message: Call.message("io.test.Get").dropLast()) == Call("io.test.Get"))
    }
}
