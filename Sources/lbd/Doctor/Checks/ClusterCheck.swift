/// Whether the API server can be talked to.
enum ClusterCheck {
    /// How far that went.
    enum Way: Hashable {
        /// There is no kubeconfig at `path`.
        case noKubeconfig(path: String)
        /// It cannot be used; `problem` names the file.
        case unusable(problem: String)
        /// The server did not answer.
        case unreachable(server: String, reason: String)
        /// It does not know us: HTTP status 401.
        case unauthorized(server: String, problem: String)
        /// It answered with something else than it should.
        case refused(server: String, problem: String)
        /// It answered.
        case reached(server: String)

        /// Whether more can be asked.
        var isOpen: Bool {
            if case .reached = self { true } else { false }
        }
    }

    /// A client certificate is told of so long before its end.
    private static let noticeSeconds = 30 * 86_400

    /// `certificateSecondsLeft` is how long the client certificate is still valid; nil where there is none. `clock` says whether
    /// somebody keeps the clock right.
    static func findings(_ way: Way, certificateSecondsLeft: Int?) -> [Finding] {
        var findings = [finding(way)]
        guard let left = certificateSecondsLeft, left < noticeSeconds else { return findings }
        let renew = "Make a new kubeconfig: sudo lbd enroll where kubectl works; its token does not expire."
        findings.append(
            left < 0
                ? .error(
                    .cluster, "the client certificate in the kubeconfig has expired, \(StatusTable.age(-left)) ago",
                    advice: renew)
                : .warning(
                    .cluster, "the client certificate in the kubeconfig expires in \(StatusTable.age(left))",
                    advice: renew))
        return findings
    }

    private static func finding(_ way: Way) -> Finding {
        let enroll = "what `lbd enroll` prints where kubectl works"
        switch way {
        case .noKubeconfig(let path):
            return .warning(
                .cluster, "there is no kubeconfig at \(path): lbd does not hear of Services",
                advice: "Put there \(enroll), owned by root:lbd with mode 0640.")
        case .unusable(let problem):
            return .warning(.cluster, problem, advice: "Mend the file, or replace it by \(enroll).")
        case .unreachable(let server, let reason):
            return .warning(
                .cluster, "the API server \(server) does not answer: \(reason)",
                advice: "See whether it runs and whether `server` in the kubeconfig is right. Until then everything "
                    + "stays as it is, and a change is not heard of.")
        case .unauthorized(let server, let problem):
            return .error(
                .cluster, "the API server \(server) does not accept the kubeconfig's credentials: \(problem)",
                advice: "Replace the kubeconfig by \(enroll): the token or certificate is not of this cluster any "
                    + "more, or has expired.")
        case .refused(let server, let problem):
            return .warning(
                .cluster, "the API server \(server) answers, but not as it should: \(problem)",
                advice: "See whether `server` in the kubeconfig is the API server, and its log.")
        case .reached(let server):
            return .fine(.cluster, "the API server \(server) answers")
        }
    }
}
