import Testing
import Wire

@testable import Balancer

/// What a node does about what others have found when they asked for its addresses, and how they tell it.
@Suite struct ReputationTests {
    private static let address = IPAddress.v4(IPv4Address(rawValue: 0xC0A8_0164))
    private static let own = MACAddress(rawValue: 0x0242_0000_0002)
    private static let stranger = MACAddress(rawValue: 0x0200_0000_0009)

    private func finding(_ stations: MACAddress..., isHearing: Bool = true) -> Finding {
        Finding(address: Self.address, isHearing: isHearing, stations: stations)
    }

    /// Lets peers tell what they found, a second apart; what follows from the last one.
    private func told(_ findings: [(String, Finding)], peers: [String]) -> Reputation.Consequence {
        var reputation = Reputation()
        var last = Reputation.Consequence.nothing
        for (second, (peer, finding)) in findings.enumerated() {
            last = reputation.take(
                finding, from: peer, own: [Self.own], peers: peers, at: .zero.advanced(by: .seconds(second)))
        }
        return last
    }

    @Test func twoThatHearNothingTwiceAreReason() {
        let both = [("pi2", finding()), ("pi3", finding()), ("pi2", finding())]
        #expect(told(both, peers: ["pi2", "pi3"]) == .isDoubted)
        #expect(told(both + [("pi3", finding())], peers: ["pi2", "pi3"]) == .isUnheard(by: ["pi2", "pi3"]))
        #expect(told([("pi2", finding()), ("pi2", finding())], peers: ["pi2", "pi3"]) == .isDoubted)
    }

    /// It is then the asker who does not hear.
    @Test func whoAloneHearsNothingIsNoReason() {
        let misses = [("pi2", finding()), ("pi2", finding()), ("pi3", finding()), ("pi3", finding())]
        #expect(told([("pi4", finding(Self.own))] + misses, peers: ["pi2", "pi3", "pi4"]) == .isDoubted)
        let one = [("pi2", finding(isHearing: false)), ("pi2", finding(isHearing: false))]
        #expect(told(one, peers: ["pi2"]) == .isDoubted)
        #expect(told([("pi2", finding()), ("pi2", finding())], peers: ["pi2"]) == .isUnheard(by: ["pi2"]))
    }

    @Test func anAnswerBetweenTwoMissesCounts() {
        #expect(
            told([("pi2", finding()), ("pi2", finding(Self.own)), ("pi2", finding())], peers: ["pi2"]) == .isDoubted)
    }

    @Test func anotherStationIsToldOnce() {
        let twice = [("pi2", finding(Self.own, Self.stranger)), ("pi2", finding(Self.own, Self.stranger))]
        #expect(told([twice[0]], peers: ["pi2"]) == .nothing)
        #expect(told(twice, peers: ["pi2"]) == .isContested(by: Self.stranger))
        #expect(told(twice + [twice[0]], peers: ["pi2"]) == .nothing)
    }

    /// What may be the askers' fault does not go round for ever.
    @Test func whatIsGivenUpAgainIsLeftForLonger() {
        var reputation = Reputation()
        var now = Instant.zero
        let times = (0..<8).map { _ in
            let until = reputation.giveUp(Self.address, at: now)
            defer { now = until }
            return now.duration(to: until)
        }
        #expect(times.prefix(3) == [.seconds(60), .seconds(120), .seconds(240)])
        #expect(times.last == .seconds(3_600))
        now = now.advanced(by: .seconds(3_601))
        #expect(now.duration(to: reputation.giveUp(Self.address, at: now)) == .seconds(60))
    }

    // MARK: Telling

    @Test func aFindingIsWrittenAndReadAsItIs() throws {
        let message = DirectMessage(sender: "pi2", .finding(finding(Self.own, Self.stranger).bytes))
        let bytes: [UInt8] =
            [8, 1, 3] + Array("pi2".utf8) + [4, 192, 168, 1, 100, 1, 2] + [2, 0x42, 0, 0, 0, 2, 2, 0, 0, 0, 0, 9]
        #expect(message.bytes == bytes)
        #expect(try DirectMessage(bytes) == message)
        var reader = ByteReader(bytes.dropFirst(6))
        #expect(try Finding(from: &reader) == finding(Self.own, Self.stranger))
        for length in 6..<bytes.count {
            var reader = ByteReader(bytes[6..<length])
            #expect(throws: WireError.self) { try Finding(from: &reader) }
        }
        var many = ByteReader([4, 192, 168, 1, 100, 0, 5] + [UInt8](repeating: 2, count: 30))
        #expect(throws: WireError.self) { try Finding(from: &many) }
    }

    @Test func aDoubtIsWrittenAndReadAsItIs() throws {
        let message = DirectMessage(sender: "pi2", .doubted(Self.address))
        let bytes: [UInt8] = [9, 1, 3] + Array("pi2".utf8) + [4, 192, 168, 1, 100]
        #expect(message.bytes == bytes)
        #expect(try DirectMessage(bytes) == message)
        #expect(throws: WireError.self) { try DirectMessage(bytes.dropLast()) }
        #expect(throws: WireError.self) { try DirectMessage(bytes + [0]) }
    }

    @Test func anAddressOfIPv6IsWrittenAndReadAsItIs() throws {
        let address = IPAddress.v6(IPv6Address(high: 0xFD00_0002_0000_0000, low: 0x1000))
        let raw: [UInt8] = [6, 0xFD, 0, 0, 2] + [UInt8](repeating: 0, count: 10) + [0x10, 0]
        let found = Finding(address: address, isHearing: false, stations: [])
        #expect(found.bytes == raw + [0, 0])
        var reader = ByteReader(found.bytes)
        #expect(try Finding(from: &reader) == found)
        let doubt = DirectMessage(sender: "pi2", .doubted(address))
        #expect(doubt.bytes == [9, 1, 3] + Array("pi2".utf8) + raw)
        #expect(try DirectMessage(doubt.bytes) == doubt)
        #expect(throws: WireError.self) { try DirectMessage([9, 1, 3] + Array("pi2".utf8) + [5] + raw.dropFirst()) }
    }
}
