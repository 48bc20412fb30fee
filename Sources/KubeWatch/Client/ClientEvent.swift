public import Wire

extension Client {
    /// What happens to a Client.
    public enum Event: Hashable, Sendable {
        /// Begin; or begin anew after the credentials changed, perhaps to another server.
        case start
        /// The head of the answer to a request. `retryAfter` is that header's text.
        case head(RequestID, status: Int, retryAfter: String?)
        /// More of the answer's body, as it comes.
        case body(RequestID, [UInt8])
        /// The answer is over; `failure` says what broke where it did not end as it should.
        case finished(RequestID, failure: String?)
        /// Send this write under this number, which its outcome will bear. `wallTime` is the wall clock now, RFC 3339
        /// with microseconds, such as `2026-11-24T00:00:00.123456Z`.
        case write(UInt64, Write, wallTime: String)
        /// Close all connections before another byte leaves on them, then begin anew.
        case dropConnections(reason: String)
        /// The instant asked for by the last `Directive.wake` has come; also harmless at any other time.
        case timer
    }

    /// What a Client asks of its Transport and tells its owner, to be carried out in order.
    public enum Directive: Hashable, Sendable {
        /// Send the request and tell its answer.
        case send(Request)
        /// Forget the request; nothing more is to be told about it.
        case cancel(RequestID)
        /// Close all connections at once without sending what is queued on them; nothing more is to be told about
        /// requests sent before.
        case closeConnections
        /// Send `Event.timer` at this instant; replaces the instant asked for before. Nil for never.
        case wake(at: Instant?)
        /// The cluster changed.
        case tell(Change)
        /// The write of this number ended.
        case wrote(UInt64, Outcome)
        /// Whether the API server answers; told at the first answer or failure and when that changes. `detail` says
        /// why not, and is empty where it does.
        case reachable(Bool, detail: String)
    }
}
