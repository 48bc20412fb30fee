/// The figures of leadership: client-go's, and the request time-out of our own writes.
package struct LeaseTiming: Hashable, Sendable {
    /// How long an unchanged Lease keeps others away.
    package var leaseDuration = Duration.seconds(15)
    /// How long after sending its last renewal a leader may act. Shorter than `leaseDuration`.
    package var renewDeadline = Duration.seconds(10)
    /// Between two renewals, and between two attempts to get the Lease.
    package var retryPeriod = Duration.seconds(2)
    /// How long after it was sent a write may still come into effect.
    package var requestTimeout = Duration.seconds(5)

    /// The figures to use.
    package init() {}
}
