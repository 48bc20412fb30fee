/// Whether this node's clock is right.
enum ClockCheck {
    /// What is taken for the same time: a Lease is of some seconds, and an answer takes its time.
    static let toleranceSeconds = 60

    /// `differenceSeconds` is how far this node's clock is ahead of the API server's; nil where that did not answer.
    static func findings(isSynchronized: Bool?, differenceSeconds: Int?) -> [Finding] {
        let advice = "Let a time server set the clock: timedatectl set-ntp true; timedatectl shows whether it does."
        let synchronized: Finding =
            switch isSynchronized {
            case true?: .fine(.clock, "a time server keeps it right")
            case false?:
                .hint(
                    .clock, "no time server keeps it right: certificates and tokens can seem expired or not valid yet",
                    advice: advice)
            case nil:
                .unknown(
                    .clock, "the kernel does not say whether a time server keeps it right",
                    advice: "Ask timedatectl.")
            }
        guard let differenceSeconds else {
            return [
                synchronized,
                .unknown(
                    .clock, "it was not compared with the API server's, which did not answer",
                    advice: "See what is said about the API server."),
            ]
        }
        let size = abs(differenceSeconds)
        guard size > toleranceSeconds else {
            return [synchronized, .fine(.clock, "it shows the same time as the API server's, within a minute")]
        }
        let side = differenceSeconds > 0 ? "ahead of" : "behind"
        return [
            synchronized,
            .warning(
                .clock,
                "it is \(StatusTable.age(size)) \(side) the API server's: the times in Leases mislead people and other "
                    + "programs, and certificates can seem expired or not valid yet",
                advice: advice),
        ]
    }
}
