import Testing
import Wire

@testable import Balancer

@Suite struct RegistersTests {
    private static let four = IPAddress.v4(IPv4Address(rawValue: 0xC0A8_0180))
    private static let six = IPAddress.v6(IPv6Address(high: 0xFD00 << 48, low: 0x80))

    /// Two owners, both families, as another daemon sends it.
    private static let literal: [UInt8] = [
        3, 0x70, 0x69, 0x31, 0, 1, 4, 192, 168, 1, 128, 0, 0, 0, 0, 0, 0, 0, 5,
        3, 0x70, 0x69, 0x32, 0, 1, 6, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 1, 2,
    ]

    private func read(_ bytes: [UInt8]) throws(WireError) -> [IPAddress: Register] {
        var reader = ByteReader(bytes)
        return Dictionary(uniqueKeysWithValues: try Registers.read(from: &reader).map { ($0.address, $0.register) })
    }

    @Test func registersReadAndWrite() throws {
        let entries = [Self.four: Register(epoch: 5, owner: "pi1"), Self.six: Register(epoch: 258, owner: "pi2")]
        #expect(try read(Self.literal) == entries)
        #expect(Registers.encode(entries.map { ($0.key, $0.value) }, maximumBytes: 1_024) == [Self.literal])
    }

    @Test(arguments: 1..<18) func whatIsCutShortIsRefused(length: Int) {
        #expect(throws: WireError.self) { try read(Array(Self.literal.prefix(length))) }
    }

    @Test func noEpochIsZeroOrBeyondReason() {
        var bytes = Array(Self.literal.prefix(19))
        bytes[18] = 0
        #expect(throws: WireError.invalid(field: "epoch", value: 0)) { try read(bytes) }
        bytes[11] = 1
        #expect(throws: WireError.invalid(field: "epoch", value: 1 << 56)) { try read(bytes) }
    }

    @Test func manyGoInPartsThatFitADatagram() throws {
        let addresses = (0..<2_000).map { IPAddress.v4(IPv4Address(rawValue: 0x0A00_0000 + UInt32($0))) }
        let entries = addresses.map { (address: $0, register: Register(epoch: 1, owner: "pi\($0.rawValue % 3)")) }
        let parts = Registers.encode(entries, maximumBytes: DirectMessage.maximumRegisterBytes)
        #expect(parts.allSatisfy { $0.count <= DirectMessage.maximumRegisterBytes })
        let all = try parts.flatMap { try read($0) }
        #expect(Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0.value) }).count == entries.count)
    }

    @Test(arguments: [
        (DirectMessage(sender: "pi1", .wanted(question: 0x0102_0304)), [6, 1, 3, 0x70, 0x69, 0x31, 1, 2, 3, 4]),
        (DirectMessage(sender: "a", .registers([7, 8])), [4, 1, 1, 0x61, 7, 8]),
        (DirectMessage(sender: "a", .answer([9], to: 2)), [5, 1, 1, 0x61, 0, 0, 0, 2, 9]),
        (DirectMessage(sender: "a", .metadata([9])), [7, 1, 1, 0x61, 9]),
    ])
    func messagesReadAndWrite(message: DirectMessage, bytes: [UInt8]) throws {
        #expect(message.bytes == bytes)
        #expect(try DirectMessage(bytes) == message)
    }

    @Test(
        arguments: [
            [], [6], [10, 1, 1, 0x61], [6, 2, 1, 0x61, 0, 0, 0, 1], [6, 1, 0], [6, 1, 1, 0x61, 0], [5, 1, 1, 0x61, 0],
        ] as [[UInt8]])
    func whatIsNoMessageIsRefused(bytes: [UInt8]) {
        #expect(throws: WireError.self) { try DirectMessage(bytes) }
    }

    /// In whatever order they come, all end with the same, and with the same digests.
    @Test func theOrderOfNewsDoesNotMatter() {
        var rng = PRNG(seed: 5)
        let news = (0..<200).map { number in
            (
                IPAddress.v4(IPv4Address(rawValue: UInt32(number % 10))),
                Register(epoch: UInt64.random(in: 1...4, using: &rng), owner: "pi\(number % 7)")
            )
        }
        var (first, second) = (Registers(), Registers())
        for (address, register) in news { _ = first.merge(register, at: address) }
        for (address, register) in news.shuffled(using: &rng) { _ = second.merge(register, at: address) }
        #expect(first.entries == second.entries)
        #expect(first.digests == second.digests)
        #expect(first.digests.count > 1)
    }

    @Test func thereIsALimitAndWhatIsNotUsedMakesRoom() {
        var registers = Registers()
        for number in 0..<UInt32(Registers.limit) {
            registers.claim(.v4(IPv4Address(rawValue: number)), for: "pi1")
        }
        registers.claim(Self.six, for: "pi1")
        #expect(registers[Self.six] == nil)
        registers.makeRoom { $0.rawValue < 10 }
        #expect(registers.entries.count == 10)
        registers.claim(Self.six, for: "pi1")
        #expect(registers[Self.six] == Register(epoch: 1, owner: "pi1"))
    }
}
