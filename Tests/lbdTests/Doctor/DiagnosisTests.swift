import FoundationEssentials
import Testing

@testable import lbd

@Suite struct DiagnosisTests {
    private static let mixed = Diagnosis(
        node: "gooseberry",
        findings: [
            .hint(.clock, "no time server keeps it right", advice: "Let one."),
            .error(
                .dhcp,
                "the DHCP server 192.168.2.1 on eth0 would hand out 192.168.2.130, which is in the pool "
                    + "\"home\"",
                advice: "Shrink the range that the server hands out, or the pool, so that they share no address."),
            .fine(.daemon, "lbd 1 runs; nobody leads"),
            .unknown(.answers, "nobody was asked", advice: "Start the daemon."),
            .warning(.kernel, "proxy_arp is on", advice: "Set it to 0."),
        ])

    @Test func peopleReadTopicAfterTopic() {
        #expect(
            Self.mixed.text == """
                lbd \(lbd.version) looks at gooseberry: 1 error, 1 warning, 1 hint, 1 thing that could not be looked at

                The daemon on this node
                ok   lbd 1 runs; nobody leads

                The network's DHCP server
                !!   the DHCP server 192.168.2.1 on eth0 would hand out 192.168.2.130, which is in the pool "home"
                         Shrink the range that the server hands out, or the pool, so that they share no address.

                Who answers for the addresses
                ??   nobody was asked
                         Start the daemon.

                The kernel's settings
                !    proxy_arp is on
                         Set it to 0.

                The clock
                hint no time server keeps it right
                         Let one.
                """)
    }

    @Test func hintsAndWhatIsUnknownAreNotWrong() {
        #expect(Self.mixed.isWrong)
        let small = Self.mixed.findings.filter { !$0.level.isWrong }
        #expect(!Diagnosis(node: "pi", findings: small).isWrong)
        #expect(Diagnosis(node: "pi", findings: []).text.hasSuffix("looks at pi: nothing is wrong"))
    }

    /// No finding without an advice.
    @Test func programsReadTheSame() throws {
        let read = try JSONDecoder().decode(Diagnosis.self, from: Data(Console.json(Self.mixed).utf8))
        #expect(read == Self.mixed)
        for finding in read.findings { #expect((finding.advice == nil) == (finding.level == .fine)) }
    }

    @Test func nothingSteersTheTerminal() {
        let text = Diagnosis(node: "pi", findings: [.fine(.daemon, "a\u{1B}[2Jb")]).text
        #expect(text.contains(#"a\u{1b}[2Jb"#))
    }
}
