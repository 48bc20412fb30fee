import Testing
import Wire

@testable import SWIM

@Suite struct ProbingTests {
    /// One ping each interval, to each member in turn, and nothing else where it is answered.
    @Test func membersArePingedInTurn() throws {
        var rig = Rig.group(of: 4)
        var names: [String] = []
        rig.pass(.seconds(6)) { directive in
            guard case .send(let messages, let to) = directive, case .ping(let ping)? = messages.first else {
                return nil
            }
            names.append(ping.node)
            return .received([.ack(Ack(sequence: ping.sequence))], from: to)
        }
        #expect(names.count == 6)
        #expect(Set(names.prefix(3)) == ["b", "c", "d"])
        #expect(Set(names.suffix(3)) == ["b", "c", "d"])
        #expect(rig.pings.allSatisfy { $0.ping.source == .host(1) && $0.ping.sourceNode == "a" })
        #expect(rig.instance.counters.probesFailed == 0)
        #expect(rig.messages.count == 6)
    }

    /// Who is known otherwise to be alive is pinged in each fourth of its turns, and in each again once that is not known, or once
    /// it is suspected.
    @Test func whoIsKnownToBeAliveIsPingedSeldom() throws {
        var rig = Rig.group(of: 3)
        func pings(in duration: Duration) -> [String: Int] {
            var counts: [String: Int] = [:]
            rig.pass(duration) { directive in
                guard case .send(let messages, let to) = directive, case .ping(let ping)? = messages.first else {
                    return nil
                }
                counts[ping.node, default: 0] += 1
                return .received([.ack(Ack(sequence: ping.sequence))], from: to)
            }
            return counts
        }
        rig.send(.knownAlive(["b"]))
        let spared = pings(in: .seconds(80))
        #expect((8...12).contains(spared["b"] ?? 0) && (38...42).contains(spared["c"] ?? 0), "\(spared)")
        rig.send(.knownAlive([]))
        #expect((38...42).contains(pings(in: .seconds(80))["b"] ?? 0))
        rig.send(.knownAlive(["b"]))
        rig.receive(.suspect(Suspect(incarnation: 1, node: "b", from: "c")), from: .host(3))
        #expect(pings(in: .milliseconds(3_500))["b"] ?? 0 > 0)
    }

    /// No answer in 500 ms: three others are asked to ping, and TCP is tried.
    @Test func othersAreAskedWhenAPingIsNotAnswered() throws {
        var rig = Rig.group(of: 6)
        let (ping, target) = try rig.nextPing()
        rig.clear()
        rig.pass(.milliseconds(499))
        #expect(rig.directives.isEmpty)
        rig.pass(.milliseconds(1))
        let asked = rig.sent.filter { if case .indirectPing = $0.message { true } else { false } }
        let expected = IndirectPing(
            sequence: ping.sequence, target: target, node: ping.node, wantsNack: true, source: .host(1), sourceNode: "a"
        )
        #expect(asked.map(\.message) == [Message](repeating: .indirectPing(expected), count: 3))
        #expect(Set(asked.map(\.to)).count == 3)
        #expect(!asked.map(\.to).contains(target))
        let streams = rig.directives.filter { if case .pingByStream = $0 { true } else { false } }
        #expect(streams == [.pingByStream(ping, to: target, id: 1, until: rig.now.advanced(by: .milliseconds(500)))])
    }

    @Test func anAnswerThroughAnotherIsAnAnswer() throws {
        var rig = Rig.group(of: 3)
        let (ping, _) = try rig.nextPing()
        rig.pass(.milliseconds(700))
        rig.receive(.ack(Ack(sequence: ping.sequence)), from: .host(9))
        rig.pass(.milliseconds(290))
        #expect(rig.instance.counters.probesFailed == 0)
        #expect(rig.instance.counters.suspicions == 0)
    }

    @Test func anAnswerByTCPIsAnAnswer() throws {
        var rig = Rig.group(of: 2)
        _ = try rig.nextPing()
        rig.pass(.milliseconds(700))
        rig.send(.streamAnswered(isAnswered: true, id: 1))
        rig.pass(.milliseconds(290))
        #expect(rig.instance.counters.probesByStreamAlone == 1)
        #expect(rig.status("b") == .alive)
    }

    /// Nobody gets through: it is a suspect, the others are told so, and the next ping to it says so as well.
    @Test func aMemberThatDoesNotAnswerIsASuspectAndIsTold() throws {
        var rig = Rig.group(of: 2)
        let (ping, target) = try rig.nextPing()
        rig.clear()
        rig.pass(.milliseconds(500))
        rig.send(.streamAnswered(isAnswered: false, id: 1))
        rig.pass(.milliseconds(499))
        #expect(rig.reports.isEmpty)
        rig.clear()
        rig.pass(.milliseconds(1))
        let suspect = Suspect(incarnation: 1, node: "b", from: "a")
        #expect(rig.reports == [.changed(.other(2, .suspect))])
        let next = Ping(sequence: ping.sequence + 1, node: "b", source: .host(1), sourceNode: "a")
        #expect(rig.directives.contains(.send([.ping(next), .suspect(suspect)], to: target)))
        #expect(rig.directives.contains(.send([.suspect(suspect)], to: target)))
    }

    /// Nobody to ask: the failure counts against this node once. Then its probes take twice as long.
    @Test func aFailureMakesThisNodePatient() throws {
        var rig = Rig.group(of: 2)
        _ = try rig.nextPing()
        rig.pass(.seconds(1))
        #expect(rig.instance.awarenessScore == 1)
        #expect(rig.instance.counters.probesFailed == 1)
        rig.receive(.alive(Alive(incarnation: 2, node: "b", address: .host(2))))
        rig.pass(.milliseconds(1_900))
        #expect(rig.instance.counters.probesFailed == 1)
        rig.pass(.milliseconds(100))
        #expect(rig.instance.counters.probesFailed == 2)
    }

    /// Those that were asked and said that they got no answer either are well, and so is this node.
    @Test(arguments: [(0, 3), (1, 2), (3, 0), (5, 0)])
    func nacksSpeakForThisNode(nacks: Int, score: Int) throws {
        var rig = Rig.group(of: 6)
        let (ping, _) = try rig.nextPing()
        rig.pass(.milliseconds(600))
        for _ in 0..<nacks { rig.receive(.nack(sequence: ping.sequence), from: .host(7)) }
        rig.pass(.milliseconds(399))
        #expect(rig.instance.awarenessScore == 0)
        rig.pass(.milliseconds(1))
        #expect(rig.instance.counters.probesFailed == 1)
        #expect(rig.instance.awarenessScore == score)
    }

    @Test func anAnswerMakesThisNodeConfident() throws {
        var rig = Rig.group(of: 2)
        _ = try rig.nextPing()
        rig.pass(.seconds(1))
        let (ping, target) = try #require(rig.pings.last)
        rig.receive(.ack(Ack(sequence: ping.sequence)), from: target)
        #expect(rig.instance.awarenessScore == 0)
    }

    // MARK: In the stead of others

    @Test func pingsAreSentInTheSteadOfOthers() throws {
        var rig = Rig.group(of: 3)
        let asked = IndirectPing(
            sequence: 77, target: .host(3), node: "c", source: .host(2), sourceNode: "b")
        rig.receive(.indirectPing(asked))
        let (ping, to) = try #require(rig.pings.first)
        #expect(to == .host(3))
        #expect(ping == Ping(sequence: ping.sequence, node: "c", source: .host(1), sourceNode: "a"))
        rig.clear()
        rig.receive(.ack(Ack(sequence: ping.sequence, payload: [1])), from: .host(3))
        #expect(rig.directives.contains(.send([.ack(Ack(sequence: 77))], to: .host(2))))
        rig.clear()
        rig.pass(.milliseconds(600))
        #expect(!rig.messages.contains(.nack(sequence: 77)))
    }

    @Test(arguments: [true, false])
    func whoeverWaitsInVainIsTold(wantsNack: Bool) throws {
        var rig = Rig.group(of: 3)
        rig.receive(.indirectPing(IndirectPing(sequence: 77, target: .host(3), node: "c", wantsNack: wantsNack)))
        rig.pass(.milliseconds(499))
        #expect(!rig.messages.contains(.nack(sequence: 77)))
        rig.pass(.milliseconds(1))
        #expect(rig.directives.contains(.send([.nack(sequence: 77)], to: .host(2))) == wantsNack)
    }

    // MARK: Pings of others

    @Test func pingsAreAnsweredWhereTheSenderListens() {
        var rig = Rig()
        rig.drain()
        rig.receive(.ping(Ping(sequence: 5, node: "a")), from: .host(8))
        rig.receive(.ping(Ping(sequence: 6, node: "", source: .host(9))), from: .host(8))
        rig.receive(.ping(Ping(sequence: 7, node: "b")), from: .host(8))
        #expect(rig.messages == [.ack(Ack(sequence: 5)), .ack(Ack(sequence: 6))])
        #expect(rig.sent.map(\.to) == [.host(8), .host(9)])
        #expect(rig.instance.counters.dropped.otherName == 1)
    }

    @Test func pingsByTCPAreAnsweredToo() {
        var rig = Rig()
        #expect(rig.send(.pinged(Ping(sequence: 5, node: "a"), id: 3)) == [.acknowledge(Ack(sequence: 5), id: 3)])
        #expect(rig.send(.pinged(Ping(sequence: 5, node: "b"), id: 4)) == [])
    }

    @Test func answersToNothingAreDropped() {
        var rig = Rig.group(of: 3)
        rig.receive(.ack(Ack(sequence: 900)))
        rig.receive(.nack(sequence: 900))
        #expect(rig.instance.counters.dropped.unknownSequence == 2)
        #expect(rig.directives.isEmpty)
    }

    // MARK: Suspicion

    /// Three members: nobody can confirm, and it takes 4 s.
    @Test func aSuspectThatDoesNotRefuteIsDead() {
        var rig = Rig.group(of: 3)
        rig.receive(.suspect(Suspect(incarnation: 1, node: "c", from: "b")))
        #expect(rig.reports == [.changed(.other(3, .suspect))])
        rig.pass(.milliseconds(3_999))
        #expect(rig.status("c") == .suspect)
        rig.clear()
        rig.pass(.milliseconds(1))
        #expect(rig.reports == [.changed(.other(3, .dead))])
        #expect(rig.messages.contains(.dead(Dead(incarnation: 1, node: "c", from: "a"))))
    }

    @Test func aSuspectThatRefutesLives() {
        var rig = Rig.group(of: 3)
        rig.receive(.suspect(Suspect(incarnation: 1, node: "c", from: "b")))
        rig.receive(.alive(Alive(incarnation: 1, node: "c", address: .host(3))))
        #expect(rig.status("c") == .suspect)
        rig.clear()
        rig.receive(.alive(Alive(incarnation: 2, node: "c", address: .host(3))))
        #expect(rig.reports == [.changed(.other(3, incarnation: 2))])
        // Long enough for the old suspicion; a new one has not yet had its time.
        rig.pass(.milliseconds(4_200)) { directive in
            guard case .send(let messages, let to) = directive, case .ping(let ping)? = messages.first else {
                return nil
            }
            return .received([.ack(Ack(sequence: ping.sequence))], from: to)
        }
        #expect(rig.status("c") == .alive)
    }

    /// Eight members: unconfirmed it takes 24 s, with one confirmation 11.38 s, with two 4 s. Each that is news goes
    /// on.
    @Test(arguments: [([], 24_000), (["d"], 11_381), (["d", "d", "b"], 11_381), (["d", "e"], 4_000)])
    func confirmationsShortenTheSuspicion(accusers: [String], milliseconds: Int) {
        var suspicion = Suspicion(by: "b", members: 8, stretch: 1, timing: .lan, at: .zero)
        for accuser in accusers { _ = suspicion.confirm(by: accuser) }
        #expect(suspicion.deadline.nanoseconds / 1_000_000 == milliseconds)
    }

    @Test func confirmationsGoOnOnce() {
        var rig = Rig.group(of: 8)
        rig.receive(.suspect(Suspect(incarnation: 1, node: "c", from: "b")))
        rig.drain()
        for accuser in ["d", "e", "f"] {
            rig.clear()
            let confirmation = Message.suspect(Suspect(incarnation: 1, node: "c", from: accuser))
            rig.receive([confirmation, confirmation], from: .host(4))
            rig.pass(.milliseconds(300))
            // Two are enough; the third changes nothing.
            #expect(rig.messages.contains(confirmation) == (accuser != "f"))
            while !rig.instance.queue.isEmpty { rig.drain() }
        }
        #expect(rig.instance.counters.suspicions == 1)
    }
}
