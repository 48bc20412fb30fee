import Balancer
import NetLink
import System

/// `interfaces`: regular expressions (POSIX, extended) for the interfaces to answer on and not to answer on.
struct InterfacePatterns: Hashable, Sendable {
    /// Interfaces that never lead to the home network: what containers and virtual machines make, tunnels, loopback.
    static let defaultExclude = [
        "^docker.*", "^cbr.*", "^dummy.*", "^virbr.*", "^lxcbr.*", "^veth.*", "^lo$", "^cali.*", "^tunl.*",
        "^flannel.*",
        "^kube-ipvs.*", "^cni.*", "^nodelocaldns.*", "^lxc.*",
    ]

    /// `include`: where set, only these are used, and they also answer for addresses of subnets that they do not bear.
    var include: [String] = []
    /// `exclude`: never used.
    var exclude = defaultExclude
    /// `wireless`: these lead to a radio, though the kernel does not say so, such as a bridge over WiFi.
    var wireless: [String] = []

    /// The interfaces as the Balancer wants them, with the radios that the kernel shows.
    func look(at interfaces: [Interface]) -> [Link] {
        var links = judge(interfaces)
        for index in links.indices where !links[index].isWireless {
            links[index].isWireless = File.exists("/sys/class/net/\(links[index].interface.name)/phy80211")
        }
        return links
    }

    /// The interfaces as the settings describe them.
    func judge(_ interfaces: [Interface]) -> [Link] {
        let included = include.compactMap { RegularExpression($0) }
        let excluded = exclude.compactMap { RegularExpression($0) }
        let wireless = wireless.compactMap { RegularExpression($0) }
        return interfaces.map { interface in
            let isNamed = included.contains { $0.matches(interface.name) }
            let isExcluded = excluded.contains { $0.matches(interface.name) } || (!include.isEmpty && !isNamed)
            let isWireless = wireless.contains { $0.matches(interface.name) }
            return Link(interface, isNamed: isNamed, isExcluded: isExcluded, isWireless: isWireless)
        }
    }
}
