/// The pace of the beats, and what follows from it.
///
/// Others are asked about an owner once its silence lasts `limit`: two of its beats are missing. It is called silent when
/// the time to answer is over, before the third would have come. So with the figures below an owner's death is known 137 to
/// 217 ms after it, since its last beat came up to `interval` before, and its addresses are announced by another within the
/// next few.
public struct Timing: Hashable, Sendable {
    /// From beat to beat of a node that answers for something.
    public var interval = Duration.milliseconds(80)
    /// The silence after which others are asked, in thousandths of the interval.
    public var limitThousandths: Int64 = 2_400
    /// How long the others may take to tell what they have heard.
    public var inquiryTimeout = Duration.milliseconds(25)
    /// How long the silent one may take to answer where there is nobody else to ask.
    public var directTimeout = Duration.milliseconds(70)
    /// How often, in that time, the silent one is asked itself.
    public var directCount = 3
    /// How many others are asked at once.
    public var inquiryCount = 3
    /// The longest silence that a bad link is allowed, however irregular its beats come.
    public var longestLimit = Duration.seconds(3)
    /// The longest time to answer on such a link.
    public var longestInquiryTimeout = Duration.milliseconds(500)
    /// How often a node that answers for nothing any more says so.
    public var farewellCount = 3

    /// The figures as they are.
    public init() {}

    /// The silence after which others are asked, on a link whose beats come regularly.
    public var limit: Duration { interval.scaled(limitThousandths, over: 1_000) }
}
