/// Something that `lbd doctor` has to say. What is not as it should be comes with what to do about it: the only ways to make one
/// see to that.
struct Finding: Codable, Hashable {
    /// How it stands.
    enum Level: String, Codable, CaseIterable {
        /// As it should be.
        case fine
        /// Works, and could be better.
        case hint
        /// Could not be looked at.
        case unknown
        /// Will or may do harm.
        case warning
        /// Does harm.
        case error

        /// Whether something is wrong.
        var isWrong: Bool { self == .warning || self == .error }
    }

    /// What it is about, in the order in which people read it.
    enum Topic: String, Codable, CaseIterable {
        case daemon
        case pools
        case dhcp
        case answers
        case kernel
        case wireless
        case cluster
        case permissions
        case serviceLB
        case gossip
        case clock

        /// The heading for people.
        var title: String {
            switch self {
            case .daemon: "The daemon on this node"
            case .pools: "Pools and interfaces"
            case .dhcp: "The network's DHCP server"
            case .answers: "Who answers for the addresses"
            case .kernel: "The kernel's settings"
            case .wireless: "WiFi"
            case .cluster: "The API server"
            case .permissions: "What lbd may do in the cluster"
            case .serviceLB: "k3s's own load balancer"
            case .gossip: "The other nodes"
            case .clock: "The clock"
            }
        }
    }

    /// What it is about.
    let topic: Topic
    /// How it stands.
    let level: Level
    /// What was found, a sentence without a full stop.
    let what: String
    /// What to do; nil only where all is as it should be.
    let advice: String?

    private init(_ topic: Topic, _ level: Level, _ what: String, _ advice: String?) {
        self.topic = topic
        self.level = level
        self.what = what
        self.advice = advice
    }

    static func fine(_ topic: Topic, _ what: String) -> Finding { Finding(topic, .fine, what, nil) }

    static func hint(_ topic: Topic, _ what: String, advice: String) -> Finding { Finding(topic, .hint, what, advice) }

    /// Something could not be looked at; `advice` says how it could.
    static func unknown(_ topic: Topic, _ what: String, advice: String) -> Finding {
        Finding(topic, .unknown, what, advice)
    }

    static func warning(_ topic: Topic, _ what: String, advice: String) -> Finding {
        Finding(topic, .warning, what, advice)
    }

    static func error(_ topic: Topic, _ what: String, advice: String) -> Finding {
        Finding(topic, .error, what, advice)
    }
}
