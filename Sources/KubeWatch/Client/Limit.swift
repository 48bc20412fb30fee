/// The limits of the conversation with the API server.
enum Limit {
    /// Objects on one page of a list. Fewer are asked for once a page was longer than `pageBytes`.
    static let pageObjects = 500
    /// A page of a list. etcd keeps objects below 1.5 MiB, so a page of one object always fits.
    static let pageBytes = 16 * 1024 * 1024
    /// Objects of one kind; more are skipped.
    static let objects = 100_000
    /// One line of a watch.
    static let lineBytes = 4 * 1024 * 1024
    /// An answer to anything else: errors, written objects, the group's versions.
    static let answerBytes = 4 * 1024 * 1024
    /// Writes under way at once; one more is answered as `busy`.
    static let writes = 256

    /// A write, and a probe, must be answered within this time.
    static let write = Duration.seconds(5)
    /// A single request that somebody waits for must be answered within this time.
    static let exchange = Duration.seconds(10)
    /// A page of a list must be answered within this time, and a watch must begin within it.
    static let answer = Duration.seconds(30)
    /// After so much silence while a watch is open the connection is probed; together with `write` well below 60 s.
    static let silence = Duration.seconds(30)
    /// What the server is asked to end a watch after, and the spread of that, so that watches do not end together.
    static let watch = Duration.seconds(450)
    static let watchSpread = 1.0 / 3
    /// A watch that lasted this long, or told something, counts as a success.
    static let shortWatch = Duration.seconds(5)
}
