import Balancer
import NetLink
import System

/// Reads what `KernelCheck` looks at, from /proc.
enum KernelFacts {
    /// What kube-proxy in IPVS mode gives the addresses of Services to.
    private static let serviceInterface = "kube-ipvs0"
    /// The lines of /proc/net/ip_vs before the first balanced address.
    private static let headLines = 3

    /// The kernel's settings for the interfaces that are answered on, seen with all `interfaces` and with the pools.
    static func gather(
        _ links: [Link], all interfaces: [Interface], pools: [Pool]
    ) -> KernelCheck.Evidence {
        var evidence = KernelCheck.Evidence(interfaces: [])
        for link in links {
            if let settings = settings(of: link.interface.name) {
                evidence.interfaces.append(settings)
            } else {
                evidence.unread.append(link.interface.name)
            }
        }
        evidence.hasServiceInterface = interfaces.contains { $0.name == serviceInterface }
        evidence.usesIPVS = text("/proc/net/ip_vs").map { lines(in: $0) > headLines } ?? false
        evidence.forwards = number("net/ipv4/ip_forward").map { $0 != 0 }
        evidence.needsIPv6 = pools.contains { $0.ranges.contains { $0.family == .ipv6 } }
        evidence.answersAnywhere = links.contains(where: \.isNamed)
        return evidence
    }

    private static func settings(of name: String) -> KernelCheck.Settings? {
        /// Of the interface and of all together.
        func pair(_ key: String) -> (Int, Int)? {
            guard let own = number("net/ipv4/conf/\(name)/\(key)"), let all = number("net/ipv4/conf/all/\(key)") else {
                return nil
            }
            return (own, all)
        }
        guard let ignore = pair("arp_ignore"), let announce = pair("arp_announce"), let filter = pair("rp_filter"),
            let proxy = pair("proxy_arp")
        else { return nil }
        return KernelCheck.Settings(
            name: name, ignoresARP: max(ignore.0, ignore.1), announcesARP: max(announce.0, announce.1),
            filtersReversePath: max(filter.0, filter.1), isProxy: proxy.0 != 0 || proxy.1 != 0,
            // A kernel without IPv6 has no such file.
            hasIPv6: number("net/ipv6/conf/\(name)/disable_ipv6") == 0)
    }

    private static func number(_ key: String) -> Int? {
        text("/proc/sys/\(key)").flatMap { Int($0.filter { !$0.isWhitespace }) }
    }

    private static func text(_ path: String) -> String? {
        (try? File.read(path, limit: 1 << 20)).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func lines(in text: String) -> Int { text.split(separator: "\n").count }
}
