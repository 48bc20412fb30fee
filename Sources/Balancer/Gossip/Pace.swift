import SWIM
import Wire

/// Which figures the gossip goes by: our own while every member is a daemon of ours, as its metadata tell, and memberlist's
/// as soon as one is not, such as a speaker of MetalLB's.
///
/// All members should go by the same figures, and they do not hear of a change at the same time. Those of memberlist leave
/// everybody enough time, so they are taken up at once, and ours only when all have been ours for `calm`. In between some go
/// by one and some by the other: a suspicion lasts long enough by both for a refutation at the slower pace.
struct Pace {
    /// News has reached everybody by then, at memberlist's pace too.
    private static let calm = Duration.seconds(10)

    /// The first of the members that are not ours; nil where all are.
    private(set) var foreigner: String?
    private var isFast = false
    /// When ours may be taken up.
    private(set) var nextDeadline: Instant?

    /// Judges the members besides this node that are alive or suspected; gives the figures to go by where these change.
    mutating func judge(_ others: [SWIM.Member], at now: Instant) -> SWIM.Timing? {
        foreigner = others.filter { !$0.metadata.starts(with: SWIM.Member.mark) }.map(\.name).min()
        guard foreigner == nil else {
            nextDeadline = nil
            defer { isFast = false }
            return isFast ? .lan : nil
        }
        // Alone, it stays as it is.
        guard !isFast, !others.isEmpty else {
            nextDeadline = nil
            return nil
        }
        let due = nextDeadline ?? now.advanced(by: Self.calm)
        nextDeadline = due <= now ? nil : due
        isFast = due <= now
        return isFast ? .fast : nil
    }
}
