/// Whether the kernel's own ARP and routing leave lbd's addresses alone.
enum KernelCheck {
    /// What holds for an interface, of it and of all together (ip-sysctl in the kernel's documentation).
    struct Settings: Hashable {
        /// The interface.
        var name: String
        /// `arp_ignore`: the larger one.
        var ignoresARP: Int
        /// `arp_announce`: the larger one.
        var announcesARP: Int
        /// `rp_filter`: the larger one.
        var filtersReversePath: Int
        /// `proxy_arp`: either.
        var isProxy: Bool
        /// `disable_ipv6`.
        var hasIPv6: Bool
    }

    /// The settings of the kernel that matter.
    struct Evidence {
        /// Of the interfaces that are answered on, ascending by index.
        var interfaces: [Settings]
        /// Those whose settings could not be read.
        var unread: [String] = []
        /// Whether there is kube-proxy's interface that bears all addresses of Services, `kube-ipvs0`.
        var hasServiceInterface = false
        /// Whether the kernel balances connections (/proc/net/ip_vs).
        var usesIPVS = false
        /// `net.ipv4.ip_forward`; nil where it could not be read.
        var forwards: Bool?
        /// Whether a pool has addresses of IPv6.
        var needsIPv6 = false
        /// Whether addresses are answered for outside the interfaces' own networks.
        var answersAnywhere = false
    }

    private static let strictARP =
        "Set strictARP: true under ipvs in kube-proxy's ConfigMap (kubectl -n kube-system edit configmap kube-proxy) "
        + "and start kube-proxy anew; on k3s, start it with --kube-proxy-arg=ipvs-strict-arp=true."

    static func findings(_ evidence: Evidence) -> [Finding] {
        let findings =
            ipvs(evidence) + evidence.interfaces.flatMap { self.findings($0, evidence) } + forwarding(evidence)
        let unread = evidence.unread.map { name in
            Finding.unknown(
                .kernel, "the settings of \(name) could not be read from /proc/sys/net",
                advice: "Run lbd doctor as root, on the node itself.")
        }
        guard findings.isEmpty, !evidence.interfaces.isEmpty else { return findings + unread }
        let names = evidence.interfaces.map(\.name).joined(separator: ", ")
        return [.fine(.kernel, "arp_ignore, arp_announce, rp_filter and proxy_arp of \(names) are in nobody's way")]
            + unread
    }

    /// kube-proxy in IPVS mode gives all addresses of Services to the node, and a kernel answers for any address that it has.
    private static func ipvs(_ evidence: Evidence) -> [Finding] {
        let loud = evidence.interfaces.filter { $0.ignoresARP < 1 || $0.announcesARP < 2 }.map(\.name)
        guard !loud.isEmpty else { return [] }
        let names = loud.joined(separator: ", ")
        if evidence.hasServiceInterface {
            return [
                .error(
                    .kernel,
                    "kube-proxy is in IPVS mode without strictARP: on \(names) this node itself answers ARP for the "
                        + "address of every Service, also for those that other nodes own",
                    advice: strictARP)
            ]
        }
        guard evidence.usesIPVS else { return [] }
        return [
            .hint(
                .kernel, "IPVS is in use, and on \(names) the kernel answers ARP for any address that this node bears",
                advice: "Where the addresses of Services are on an interface of this node, set arp_ignore=1 and "
                    + "arp_announce=2 under net.ipv4.conf.all.")
        ]
    }

    private static func findings(_ settings: Settings, _ evidence: Evidence) -> [Finding] {
        let name = settings.name
        var findings: [Finding] = []
        if settings.ignoresARP >= 8 {
            findings.append(
                .error(
                    .kernel,
                    "arp_ignore is \(settings.ignoresARP) on \(name): this node answers ARP for none of its own "
                        + "addresses, so that others cannot reach it",
                    advice: "Set net.ipv4.conf.\(name).arp_ignore and that of all to 0, 1 or 2."))
        }
        if settings.isProxy {
            findings.append(
                .warning(
                    .kernel,
                    "proxy_arp is on for \(name): this node answers ARP for what it knows another way to, which can be "
                        + "an address that another node owns",
                    advice: "Set net.ipv4.conf.\(name).proxy_arp and that of all to 0, unless something needs it."))
        }
        // Strict: what comes in must come by the interface that the answer would leave by.
        if settings.filtersReversePath == 1, evidence.interfaces.count > 1 || evidence.answersAnywhere {
            findings.append(
                .hint(
                    .kernel,
                    "rp_filter is strict (1) on \(name): what clients of other networks send to a Service is dropped "
                        + "unless the way back leads through \(name) too",
                    advice: "Where such clients are not answered, set net.ipv4.conf.\(name).rp_filter and that of "
                        + "all to 2."))
        }
        if evidence.needsIPv6, !settings.hasIPv6 {
            findings.append(
                .error(
                    .kernel, "IPv6 is switched off on \(name), and a pool has addresses of IPv6",
                    advice: "Set net.ipv6.conf.\(name).disable_ipv6 to 0, or take those addresses out of the pools."))
        }
        return findings
    }

    private static func forwarding(_ evidence: Evidence) -> [Finding] {
        guard evidence.forwards == false else { return [] }
        return [
            .warning(
                .kernel, "net.ipv4.ip_forward is 0: what comes to a Service does not get from this node to its Pods",
                advice: "Set net.ipv4.ip_forward=1 in a file of /etc/sysctl.d; Kubernetes wants it too.")
        ]
    }
}
