/// The figures of the protocol. All members of a group should go by the same: one that suspects faster than another
/// refutes is a nuisance to it.
public struct Timing: Hashable, Sendable {
    /// Between two probes; a probe that has failed has taken as long, times the awareness score plus one.
    public var probeInterval: Duration
    /// For so long is an answer awaited before others are asked to ping.
    public var probeTimeout: Duration
    /// How many members are asked to ping.
    public var indirectChecks: Int
    /// The shortest suspicion is this times `probeInterval`, times log10 of the number of members where that exceeds
    /// one.
    public var suspicionMultiplier: Int
    /// The longest suspicion is this times the shortest.
    public var suspicionMaximumMultiplier: Int
    /// The awareness score stays below this.
    public var awarenessMaximum: Int
    /// Between two rounds of gossip.
    public var gossipInterval: Duration
    /// To how many members a round of gossip goes.
    public var gossipNodes: Int
    /// A broadcast is sent this many times, times log10 of the number of members plus one, rounded up.
    public var retransmitMultiplier: Int
    /// For so long are dead members gossiped to, and kept in the list.
    public var gossipToTheDeadTime: Duration
    /// Between two exchanges of the whole state with a random member, in a group of up to 32; more rarely in larger
    /// ones.
    public var pushPullInterval: Duration
    /// What the shell gives an exchange by TCP before it reports that it has failed.
    public var streamTimeout: Duration
    /// A farewell takes at most so long.
    public var leaveTimeout: Duration
    /// A member's `probeTimeout`, the end of a probe and the suspicion grow with its measured round trips, at most by
    /// this factor: 1 for figures that stand.
    public var maximumStretch: Double

    /// memberlist's LAN profile, which MetalLB's speakers use: to be used where one of them is a member.
    public static let lan = Timing(
        probeInterval: .seconds(1), probeTimeout: .milliseconds(500), indirectChecks: 3, suspicionMultiplier: 4,
        suspicionMaximumMultiplier: 6, awarenessMaximum: 8, gossipInterval: .milliseconds(200), gossipNodes: 3,
        retransmitMultiplier: 4, gossipToTheDeadTime: .seconds(30), pushPullInterval: .seconds(30),
        streamTimeout: .seconds(10), leaveTimeout: .seconds(1), maximumStretch: 1)

    /// Our own profile, for groups of lbd alone. Who answers for addresses is watched by beats, a fifth of a second long, so
    /// that this only has to find those who answer for none and to spread news: twice as often as memberlist is enough. A
    /// death is then known to all after 2.9 s as a rule, 4.9 s at worst (5.9 s and 8.8 s by the LAN profile, seven members),
    /// for two more datagrams a second each way. Probes each 100 ms would find it in 0.5 s and cost as much as all beats.
    ///
    /// Where answers are slow or get lost, its figures stretch, up to five times those of the LAN profile: on a link that
    /// loses a fifth of all packets that profile takes live members for dead, and this one does not. News goes out as
    /// often as ever, only sooner, since there is nothing to send while there is none.
    public static let fast = Timing(
        probeInterval: .milliseconds(500), probeTimeout: .milliseconds(250), indirectChecks: 3, suspicionMultiplier: 4,
        suspicionMaximumMultiplier: 3, awarenessMaximum: 8, gossipInterval: .milliseconds(100), gossipNodes: 3,
        retransmitMultiplier: 4, gossipToTheDeadTime: .seconds(30), pushPullInterval: .seconds(30),
        streamTimeout: .seconds(10), leaveTimeout: .seconds(1), maximumStretch: 10)

    /// How often a broadcast is sent in a group of `count` members, the dead ones that are still listed included:
    /// log10(count + 1), rounded up, is the number of decimal digits of `count`.
    func transmitLimit(members count: Int) -> Int {
        retransmitMultiplier * String(max(0, count)).count
    }

    /// The shortest suspicion in a group of `count` members.
    func suspicionMinimum(members count: Int) -> Duration {
        let scale = max(1, Logarithm.natural(Double(max(1, count))) / Logarithm.natural(10))
        return probeInterval * suspicionMultiplier * Int(scale * 1_000) / 1_000
    }

    /// The interval of exchanges in a group of `count` members: one more for each doubling above 32.
    func pushPullInterval(members count: Int) -> Duration {
        var factor = 1
        var size = 32
        while size < count {
            size *= 2
            factor += 1
        }
        return pushPullInterval * factor
    }
}
