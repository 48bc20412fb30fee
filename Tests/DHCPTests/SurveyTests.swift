import DHCP
import Testing
import Wire

@Suite struct SurveyTests {
    private var survey = Survey()
    private var rng = PRNG(seed: 7)

    private mutating func handle(_ event: Survey.Event, at milliseconds: Int64) -> [Survey.Directive] {
        survey.handle(event, at: at(milliseconds), using: &rng)
    }

    private func at(_ milliseconds: Int64) -> Instant { Instant.zero.advanced(by: .milliseconds(milliseconds)) }

    private func sent(_ directives: [Survey.Directive]) -> [(frame: Frame, index: UInt32)] {
        directives.compactMap { if case .send(let frame, on: let index) = $0 { (frame, index) } else { nil } }
    }

    /// What a server answers to `question`.
    private func offer(_ address: String, to question: Frame) throws -> [UInt8] {
        let yours = try #require(IPv4Address(address))
        return written(
            Frame(
                destination: .broadcast, source: MACAddress(rawValue: 0x0200_C0A8_0201), sourceAddress: server,
                destinationAddress: everybody, sourcePort: 67, destinationPort: 68,
                message: Message(
                    operation: .reply, transactionID: question.message.transactionID, yourAddress: yours,
                    clientHardwareAddress: question.message.clientHardwareAddress,
                    options: [Option(.messageType, [2]), Option(.serverIdentifier, [192, 168, 2, 1])])))
    }

    private func offered(_ address: String) throws -> Offer {
        Offer(
            interfaceIndex: 2, server: server, station: MACAddress(rawValue: 0x0200_C0A8_0201),
            address: try #require(IPv4Address(address)))
    }

    @Test mutating func threeClientsAskOneAfterTheOther() throws {
        var questions: [Frame] = []
        for round in Int64(0)..<3 {
            let directives = handle(round == 0 ? .start([2: own, 3: own]) : .timer, at: round * 200)
            #expect(sent(directives).map(\.index) == [2, 3])
            questions += sent(directives).map(\.frame)
            #expect(directives.last == .wake(at: at(round < 2 ? (round + 1) * 200 : 4_500)))
        }
        #expect(Set(questions.map(\.message.clientHardwareAddress)).count == 6)
        #expect(Set(questions.map(\.message.transactionID)).count == 6)
        for question in questions {
            let message = question.message
            #expect(message.kind == .discover && message.isBroadcast && message.operation == .request)
            // Locally administered, and no group's.
            #expect(message.clientHardwareAddress.rawValue >> 40 & 3 == 2)
            #expect(message[.clientIdentifier] == [1] + written(question)[70..<76])
            #expect(question.source == own && question.destination == .broadcast)
            #expect((question.sourcePort, question.destinationPort) == (68, 67))
        }
        #expect(handle(.timer, at: 4_500) == [.ended(offers: [], unasked: [])])
        #expect(handle(.timer, at: 9_000) == [])
    }

    @Test mutating func itEndsASecondAfterEverybodyHasAnOffer() throws {
        var questions = sent(handle(.start([2: own]), at: 0)).map(\.frame)
        #expect(handle(.received(try offer("192.168.2.131", to: questions[0])[...], on: 2), at: 10) == [])
        questions += sent(handle(.timer, at: 200)).map(\.frame)
        questions += sent(handle(.timer, at: 400)).map(\.frame)
        #expect(
            handle(.received(try offer("192.168.2.130", to: questions[1])[...], on: 2), at: 3_000)
                == [])
        #expect(
            handle(.received(try offer("192.168.2.130", to: questions[2])[...], on: 2), at: 6_000)
                == [.wake(at: at(7_000))])
        let offers = [try offered("192.168.2.130"), try offered("192.168.2.131")]
        #expect(handle(.timer, at: 7_000) == [.ended(offers: offers, unasked: [])])
    }

    @Test mutating func aSlowServerIsWaitedForOnceItHasAnswered() throws {
        let question = sent(handle(.start([2: own]), at: 0))[0].frame
        for time in [200, 400] as [Int64] { _ = handle(.timer, at: time) }
        #expect(
            handle(.received(try offer("192.168.2.131", to: question)[...], on: 2), at: 3_000)
                == [.wake(at: at(7_500))])
        #expect(handle(.timer, at: 7_500) == [.ended(offers: [try offered("192.168.2.131")], unasked: [])])
    }

    /// Where nobody answers on one interface, the other is not waited for longer than it takes.
    @Test mutating func interfacesAreWaitedForEachByItself() throws {
        var questions: [Frame] = []
        for time in [0, 200, 400] as [Int64] {
            let sent = sent(handle(time == 0 ? .start([2: own, 3: own]) : .timer, at: time))
            questions += sent.filter { $0.index == 2 }.map(\.frame)
        }
        for question in questions {
            _ = handle(.received(try offer("192.168.2.131", to: question)[...], on: 2), at: 500)
        }
        #expect(handle(.timer, at: 1_500) == [.wake(at: at(4_500))])
        #expect(handle(.timer, at: 4_500) == [.ended(offers: [try offered("192.168.2.131")], unasked: [])])
    }

    @Test mutating func whatIsNoAnswerToUsIsDropped() throws {
        let question = sent(handle(.start([2: own]), at: 0))[0].frame
        let right = try Frame(try offer("192.168.2.131", to: question)[...])
        var wrong = [Frame](repeating: right, count: 6)
        wrong[0].message.transactionID ^= 1
        wrong[1].message.clientHardwareAddress = own
        // DHCPACK, and BOOTP's answer, which has no type.
        wrong[2].message.options[0].value = [5]
        wrong[3].message.options.removeFirst()
        wrong[4].message.yourAddress = .unspecified
        wrong[5].message.operation = .request
        for frame in wrong { _ = handle(.received(written(frame)[...], on: 2), at: 10) }
        _ = handle(.received(written(right)[...], on: 3), at: 10)
        _ = handle(.received([1, 2, 3], on: 2), at: 10)
        for time in [200, 400] as [Int64] { _ = handle(.timer, at: time) }
        #expect(handle(.timer, at: 4_500) == [.ended(offers: [], unasked: [])])
    }

    @Test mutating func whereNothingCanBeSentNobodyWasAsked() {
        for time in [0, 200, 400] as [Int64] {
            _ = handle(time == 0 ? .start([2: own, 3: own]) : .timer, at: time)
            _ = handle(.unsent(on: 3), at: time)
        }
        #expect(handle(.timer, at: 4_500) == [.ended(offers: [], unasked: [3])])
    }

    @Test mutating func withoutInterfacesItIsOverAtOnce() {
        #expect(handle(.start([:]), at: 0) == [.ended(offers: [], unasked: [])])
    }
}
