/// Whether lbd may do what it does.
enum PermissionCheck {
    /// What the API server said about a permission.
    struct Verdict: Hashable {
        /// The permission.
        var permission: Permission
        /// Whether it is given; nil where the server did not say.
        var isAllowed: Bool?
    }

    /// `reason` says why not everything was asked, if so.
    static func findings(_ verdicts: [Verdict], reason: String?) -> [Finding] {
        var findings: [Finding] = verdicts.filter { $0.isAllowed == false }.map { verdict in
            .error(
                .permissions, "lbd may not \(verdict.permission)",
                advice: "As an admin of the cluster: kubectl apply -f /usr/share/lbd/lbd.yaml, or sudo lbd enroll.")
        }
        let allowed = verdicts.count { $0.isAllowed == true }
        if allowed > 0 {
            let all = findings.isEmpty && reason == nil ? "all " : ""
            findings.insert(
                .fine(.permissions, "it has \(all)\(allowed) of the permissions in the manifest that it needs"), at: 0)
        }
        if let reason {
            findings.append(
                .unknown(
                    .permissions, "not every permission was asked for: \(reason)",
                    advice: "See what is said about the API server; kubectl auth can-i --list --as "
                        + "system:serviceaccount:lbd-system:lbd tells an admin the same."))
        }
        return findings
    }
}
