/// Whether this node and the others hear each other.
enum GossipCheck {
    /// How a TCP connection to another node's gossip ended.
    enum Outcome: Hashable {
        /// It stood.
        case connected
        /// The node is there, and nobody listens (ECONNREFUSED).
        case refused
        /// Nothing came back in time, or the network has no way; `reason` in words.
        case silent(reason: String)
    }

    /// Another node, or another program that gossips.
    struct Peer: Hashable {
        /// Its name; that of the settings' `join` for one that nobody knows.
        var name: String
        /// Where it listens: `ADDRESS:PORT`.
        var address: String
        /// Whether its Lease is renewed; nil where it has none.
        var isAlive: Bool?
        /// How the gossip shows it: `alive`, `suspect`, `dead` or `left`; nil where it does not.
        var gossip: String?
        /// What came of a connection to it.
        var outcome: Outcome

        /// Whether the gossip hears it.
        var isHeard: Bool { gossip == "alive" }
    }

    /// `hasDaemon` says whether there was a daemon to tell of the others; without one only those that the settings name are known.
    static func findings(_ peers: [Peer], port: UInt16, hasDaemon: Bool) -> [Finding] {
        var findings = peers.flatMap { self.findings($0, port, hasDaemon) }
        let well = peers.filter { $0.isHeard && $0.outcome == .connected }.map(\.name)
        if !well.isEmpty {
            findings.insert(
                .fine(.gossip, "heard, and reached on its TCP port: \(well.joined(separator: ", "))"), at: 0)
        }
        if !hasDaemon {
            findings.append(
                .unknown(
                    .gossip, "without the daemon it is not known who the others are, and whether they are heard",
                    advice: "Run lbd doctor again while the daemon runs."))
        } else if peers.isEmpty {
            findings.append(.fine(.gossip, "there are no other nodes with lbd"))
        }
        return findings
    }

    private static func findings(_ peer: Peer, _ port: UInt16, _ hasDaemon: Bool) -> [Finding] {
        let allow =
            "Allow port \(port) between the nodes, UDP and TCP, in the firewall of both; "
            + "nft list ruleset, iptables -S or ufw status show it."
        let subject = "\(peer.name) (\(peer.address))"
        switch (peer.isHeard, peer.outcome) {
        case (true, .connected): return strangers(peer)
        case (true, .refused):
            return [
                .warning(
                    .gossip, "\(subject) is heard, and refuses TCP: what is too long for a packet does not get there",
                    advice: allow)
            ] + strangers(peer)
        case (true, .silent(let reason)):
            return [
                .warning(
                    .gossip,
                    "\(subject) is heard, but not reached by TCP (\(reason)): what is too long for a packet does not "
                        + "get there",
                    advice: allow)
            ] + strangers(peer)
        case (false, let outcome): return [unheard(peer, subject, outcome, allow, hasDaemon)]
        }
    }

    private static func unheard(
        _ peer: Peer, _ subject: String, _ outcome: Outcome, _ allow: String, _ hasDaemon: Bool
    ) -> Finding {
        if !hasDaemon {
            return outcome == .connected
                ? .fine(.gossip, "\(subject) is reached by TCP")
                : .warning(
                    .gossip, "\(subject), which the settings name, is not reached by TCP: \(words(outcome))",
                    advice: allow)
        }
        guard peer.isAlive == true else {
            return .hint(
                .gossip, "no daemon is alive on \(subject)",
                advice: "Where that is not meant, see systemctl status lbd there.")
        }
        if outcome == .connected {
            return .error(
                .gossip,
                "\(subject) renews its Lease and is reached by TCP, but the gossip does not hear it: UDP is dropped in "
                    + "one of the two directions, or it has another secret",
                advice: "\(allow) Whether packets come that cannot be read, lbd status --json says: gossipTraffic.")
        }
        return .error(
            .gossip, "\(subject) renews its Lease, but neither hears this node by TCP (\(words(outcome))) nor is heard",
            advice: allow)
    }

    /// Who gossips without a Lease.
    private static func strangers(_ peer: Peer) -> [Finding] {
        guard peer.isAlive == nil else { return [] }
        return [
            .hint(
                .gossip,
                "\(peer.name) gossips and has no Lease of lbd's: MetalLB's speaker runs there, or an lbd that does not "
                    + "reach the API server",
                advice: "A speaker may stay: lbd and it agree on who answers. Where there is an lbd, run lbd doctor "
                    + "there.")
        ]
    }

    private static func words(_ outcome: Outcome) -> String {
        switch outcome {
        case .connected: "connected"
        case .refused: "nobody listens"
        case .silent(let reason): reason
        }
    }
}
