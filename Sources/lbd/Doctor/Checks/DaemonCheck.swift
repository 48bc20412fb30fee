/// Whether a daemon runs here, and what it says is wrong.
enum DaemonCheck {
    /// How the daemon answered.
    enum Answer {
        /// How things stand, as it sees them.
        case status(NodeStatus)
        /// There is none: nobody listens at `socket`.
        case absent(socket: String)
        /// It did not.
        case silent(reason: String)
    }

    static func findings(_ answer: Answer) -> [Finding] {
        switch answer {
        case .absent(let socket):
            [
                .warning(
                    .daemon, "no daemon runs on this node, so it answers for nothing: nobody listens at \(socket)",
                    advice: "Start it: systemctl start lbd. Where it does not stay, systemctl status lbd says why.")
            ]
        case .silent(let reason):
            [
                .unknown(
                    .daemon, "the daemon was not asked: \(reason)",
                    advice: "Run lbd doctor as root. Where that does not help, systemctl restart lbd does.")
            ]
        case .status(let status): findings(status)
        }
    }

    private static func findings(_ status: NodeStatus) -> [Finding] {
        let leader = status.leader.map { "\($0) leads" } ?? "nobody leads"
        var findings: [Finding] = [.fine(.daemon, "lbd \(status.version) runs; \(leader)")]
        if status.version != lbd.version {
            findings.append(
                .hint(
                    .daemon, "the daemon is lbd \(status.version), and this program lbd \(lbd.version)",
                    advice: "Put the new one in place: systemctl restart lbd. No address moves by that."))
        }
        return findings
            + status.problems.map {
                .warning(.daemon, $0, advice: "The journal says more, and explains it: journalctl -x -u lbd.")
            }
    }
}
