import ARP
import Testing
import Wire

func range(_ text: String) -> AddressRange? {
    if let prefix = Prefix(text) { return prefix.range }
    let ends = text.split(separator: "-").compactMap { IPAddress($0) }
    return ends.count == 2 ? AddressRange(ends[0], ends[1]) : nil
}

private func filter(_ ranges: String...) -> Filter {
    Filter(for: ranges.compactMap(range))
}

private func request(for target: UInt32) -> [UInt8] {
    Array(Capture.request.prefix(38)) + (0..<4).map { UInt8(truncatingIfNeeded: target >> (24 - 8 * $0)) }
}

private func accepts(_ filter: Filter, _ target: UInt32) throws -> Bool {
    try BPFMachine.run(filter.instructions, on: request(for: target)) != 0
}

@Suite struct FilterTests {
    @Test func theProgramForOneRangeIsThis() {
        let expected: [(UInt16, UInt8, UInt8, UInt32)] = [
            (0x28, 0, 0, 12), (0x15, 0, 7, 0x0806), (0x20, 0, 0, 14), (0x15, 0, 5, 0x0001_0800), (0x20, 0, 0, 18),
            (0x15, 0, 3, 0x0604_0001), (0x20, 0, 0, 38), (0x35, 0, 1, 0xC0A8_0280), (0x25, 0, 1, 0xC0A8_02FF),
            (0x06, 0, 0, 0), (0x06, 0, 0, 42),
        ]
        #expect(
            filter("192.168.2.128/25").instructions
                == expected.map { BPFInstruction(code: $0.0, jumpTrue: $0.1, jumpFalse: $0.2, operand: $0.3) })
    }

    @Test func requestsWithinTheRangesPass() throws {
        let filter = filter("10.77.4.10-10.77.4.12", "10.77.8.0/24", "10.77.0.1/32")
        #expect(try BPFMachine.run(filter.instructions, on: Capture.request) == 42)
        #expect(try BPFMachine.run(filter.instructions, on: Capture.gratuitousRequest) == 42)
        #expect(try BPFMachine.run(filter.instructions, on: Capture.probe) == 42)
        let expected: [(UInt32, Bool)] = [
            (0x0A4D_0000, false), (0x0A4D_0001, true), (0x0A4D_0002, false), (0x0A4D_0409, false), (0x0A4D_040A, true),
            (0x0A4D_040C, true), (0x0A4D_040D, false), (0x0A4D_07FF, false), (0x0A4D_0800, true), (0x0A4D_08FF, true),
            (0x0A4D_0900, false), (0, false), (.max, false),
        ]
        for (target, passes) in expected { #expect(try accepts(filter, target) == passes) }
    }

    @Test func everythingElseIsDropped() throws {
        let program = filter("0.0.0.0/0").instructions
        #expect(try BPFMachine.run(program, on: Capture.request) == 42)
        #expect(try BPFMachine.run(program, on: Capture.reply) == 0)
        #expect(try BPFMachine.run(program, on: Capture.gratuitousReply) == 0)
        for offset in [12, 13, 14, 15, 16, 17, 18, 19, 20, 21] {
            var frame = Capture.request
            frame[offset] ^= 0x40
            #expect(try BPFMachine.run(program, on: frame) == 0)
        }
        for length in 0..<42 { #expect(try BPFMachine.run(program, on: Array(Capture.request.prefix(length))) == 0) }
    }

    @Test func noRangesLetNothingThrough() throws {
        for empty in [Filter(for: []), filter("fd00::/64")] {
            #expect(try BPFMachine.run(empty.instructions, on: Capture.request) == 0)
            #expect(try BPFMachine.run(empty.instructions, on: request(for: 0)) == 0)
        }
    }

    @Test func rangesThatTouchOrOverlapAreOne() {
        let whole = filter("10.0.0.0/24")
        #expect(filter("10.0.0.128/25", "10.0.0.0/25") == whole)
        #expect(filter("10.0.0.0-10.0.0.200", "10.0.0.100-10.0.0.255", "10.0.0.7/32") == whole)
        #expect(filter("10.0.0.0/24", "10.0.0.0/25", "fd00::/64") == whole)
        #expect(filter("0.0.0.0/0", "255.255.255.255/32", "0.0.0.0/32") == filter("0.0.0.0/0"))
    }

    @Test(arguments: [1, 2, 125])
    func asManyRangesAsFitAreExact(count: UInt32) throws {
        let filter = Filter(
            for: (0..<count).reversed().compactMap { range("10.0.\($0).10-10.0.\($0).20") })
        for index in 0..<count {
            for (low, passes) in [(9, false), (10, true), (20, true), (21, false)] as [(UInt32, Bool)] {
                #expect(try accepts(filter, 0x0A00_0000 | index << 8 | low) == passes)
            }
        }
    }

    @Test func moreRangesThanFitLoseNoneAndCloseTheSmallestGaps() throws {
        // 300 ranges; the gaps before those of uneven number are the smaller ones.
        let ranges = (0..<300).compactMap {
            range("10.0.\($0 / 2).\(10 + $0 % 2 * 20)-10.0.\($0 / 2).\(15 + $0 % 2 * 20)")
        }
        let filter = Filter(for: ranges)
        #expect(filter.instructions.count == 9 + 2 * Filter.maximumRanges)
        for range in ranges {
            #expect(try accepts(filter, UInt32(range.first.rawValue)))
            #expect(try accepts(filter, UInt32(range.last.rawValue)))
        }
        #expect(try accepts(filter, 0x0A00_0014))
        #expect(try !accepts(filter, 0x0A00_9564))
        #expect(try !accepts(filter, 0x0A00_0009))
        #expect(try !accepts(filter, 0x0A00_9600))
    }
}

@Suite struct SolicitationFilterTests {
    private func accepts(_ filter: Filter, _ frame: [UInt8]) throws -> Bool {
        try BPFMachine.run(filter.instructions, on: frame) == UInt32(NeighborFrame.maximumLength)
    }

    /// `NeighborCapture.solicitation` for another target.
    private func solicitation(for target: String) throws -> [UInt8] {
        var writer = ByteWriter()
        writer.write(try #require(IPv6Address(target)))
        var frame = NeighborCapture.solicitation
        frame.replaceSubrange(62..<78, with: writer.bytes)
        return frame
    }

    @Test func solicitationsForThePoolsPass() throws {
        let filter = Filter.solicitations(
            for: ["fd00:4d::/120", "2001:db8:1:2::10-2001:db8:1:2::1f", "fd00:9::5/128", "10.0.0.0/8"].compactMap(range)
        )
        for target in ["fd00:4d::", "fd00:4d::ff", "2001:db8:1:2::10", "2001:db8:1:2::1f", "fd00:9::5"] {
            #expect(try accepts(filter, solicitation(for: target)), "\(target)")
        }
        for target in ["fd00:4d::100", "fd00:4e::1", "2001:db8:1:2::20", "2001:db8:1:2::f", "fd00:9::4", "fd00:9::7"] {
            #expect(try !accepts(filter, solicitation(for: target)), "\(target)")
        }
    }

    @Test func nothingElsePasses() throws {
        let filter = Filter.solicitations(for: ["::/0"].compactMap(range))
        #expect(try accepts(filter, NeighborCapture.solicitation))
        #expect(try !accepts(filter, NeighborCapture.advertisement))
        #expect(try !accepts(filter, Capture.request))
        for (offset, byte) in [(21, 64), (20, 17), (55, 1)] as [(Int, UInt8)] {
            var frame = NeighborCapture.solicitation
            frame[offset] = byte
            #expect(try !accepts(filter, frame))
        }
        for length in 0..<56 { #expect(try !accepts(filter, Array(NeighborCapture.solicitation.prefix(length)))) }
        #expect(try !accepts(Filter.solicitations(for: []), NeighborCapture.solicitation))
        #expect(try !accepts(Filter.solicitations(for: ["10.0.0.0/8"].compactMap(range)), NeighborCapture.solicitation))
    }

    @Test func withManyRangesAllPass() throws {
        let many = (0..<100).compactMap { range("fd00:\($0)::/64") }
        #expect(try accepts(Filter.solicitations(for: many), solicitation(for: "2001:db8::1")))
        let most = Filter.solicitations(for: Array(many.prefix(16)))
        #expect(try !accepts(most, solicitation(for: "2001:db8::1")))
        #expect(try accepts(most, solicitation(for: "fd00:15::1")))
    }
}
