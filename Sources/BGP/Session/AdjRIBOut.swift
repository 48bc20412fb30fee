internal import Wire

/// The routes that the peer is to know and those that it knows (Adj-RIB-Out, RFC 4271 section 3.2): only the difference is
/// sent, and what changes back before it is sent is not sent at all.
struct AdjRIBOut {
    /// What is to be known; nil until it was said for the first time.
    private var wanted: [Prefix: Path]?
    /// What the peer knows, as far as it was sent on the session that stands.
    private(set) var sent: [Prefix: Path] = [:]
    /// Where the two may differ.
    private var changed: Set<Prefix> = []
    /// What is sent although the peer knows it.
    private var again: Set<Prefix> = []
    /// The families of which the peer wants all again.
    private var refreshed: Set<RouteFamily> = []
    /// The families whose End-of-RIB has not been sent.
    private var unfinished: Set<RouteFamily> = []
    /// Whether all is to go, whatever is wanted.
    private(set) var isWithdrawing = false

    /// How many routes are to be known.
    var wantedCount: Int { wanted?.count ?? 0 }

    /// Whether something is to be sent.
    var isPending: Bool {
        (wanted != nil || isWithdrawing) && !(changed.isEmpty && refreshed.isEmpty && unfinished.isEmpty)
    }

    private func target(_ prefix: Prefix) -> Path? { isWithdrawing ? nil : wanted?[prefix] }

    /// Replaces what is wanted.
    mutating func replace(with routes: [Prefix: Path]) {
        let new = Dictionary(routes.map { ($0.network, $1) }, uniquingKeysWith: { first, _ in first })
        for (prefix, path) in new where wanted?[prefix] != path { changed.insert(prefix) }
        for prefix in wanted?.keys ?? [:].keys where new[prefix] == nil { changed.insert(prefix) }
        wanted = new
    }

    /// Changes what is wanted; not before all of it was said.
    mutating func amend(_ routes: [Prefix: Path?]) {
        guard wanted != nil else { return }
        for (prefix, path) in routes {
            wanted?[prefix.network] = path
            changed.insert(prefix.network)
        }
    }

    /// Begins a session: the peer is to hear all.
    mutating func begin(_ families: [RouteFamily]) {
        isWithdrawing = false
        sent = [:]
        again = []
        refreshed = []
        changed = Set(wanted?.keys ?? [:].keys)
        unfinished = Set(families)
    }

    /// Ends a session.
    mutating func end() { begin([]) }

    /// Sends all routes of `family` again, once however often it is asked for before they are sent.
    mutating func refresh(_ family: RouteFamily) {
        if family.unicast != nil { refreshed.insert(family) }
    }

    /// Withdraws all.
    mutating func withdraw() {
        isWithdrawing = true
        changed = Set(sent.keys)
        refreshed = []
        unfinished = []
    }

    /// The next UPDATEs, of not much more than `limitBytes` bytes: withdrawals first, then routes, by prefix, then
    /// End-of-RIB.
    mutating func take(_ packer: UpdatePacker, limitBytes: Int) -> [UInt8] {
        guard isPending else { return [] }
        for family in refreshed {
            let routes = sent.keys.filter { $0.address.family == family.unicast }
            again.formUnion(routes)
            changed.formUnion(routes)
        }
        refreshed = []
        var bytes: [UInt8] = []
        let work = Work(sort(packer))
        for prefixes in work.withdrawals {
            var rest = prefixes[...]
            while !rest.isEmpty, bytes.count < limitBytes {
                let (message, count) = packer.withdrawal(of: rest)
                bytes += message
                for prefix in rest.prefix(count) { done(prefix, nil) }
                rest = rest.dropFirst(count)
            }
        }
        for (path, prefixes) in work.announcements {
            var rest = prefixes[...]
            while !rest.isEmpty, bytes.count < limitBytes {
                let (message, count) = packer.announcement(of: rest, path)
                bytes += message
                for prefix in rest.prefix(count) { done(prefix, path) }
                rest = rest.dropFirst(count)
            }
        }
        if changed.isEmpty {
            for family in unfinished.sorted() { bytes += packer.endOfRIB(family) }
            unfinished = []
        }
        return bytes
    }

    private mutating func done(_ prefix: Prefix, _ path: Path?) {
        sent[prefix] = path
        changed.remove(prefix)
        again.remove(prefix)
    }

    /// What is to be sent of each changed prefix, ascending; those that need nothing are forgotten.
    private mutating func sort(_ packer: UpdatePacker) -> [(prefix: Prefix, path: Path?)] {
        var steps: [(Prefix, Path?)] = []
        for prefix in changed.sorted() {
            let path = packer.canAnnounce(prefix.address.family) ? target(prefix) : nil
            if path == sent[prefix], !(again.contains(prefix) && path != nil) {
                changed.remove(prefix)
                again.remove(prefix)
            } else {
                steps.append((prefix, path))
            }
        }
        return steps
    }

    /// What is to be sent, put together as it goes into messages.
    private struct Work {
        /// By family.
        var withdrawals: [[Prefix]] = []
        /// By family and path, in the order of the first prefix of each.
        var announcements: [(path: Path, prefixes: [Prefix])] = []

        private struct Key: Hashable {
            var family: AddressFamily
            var path: Path
        }

        init(_ steps: [(prefix: Prefix, path: Path?)]) {
            let gone = steps.filter { $0.path == nil }.map(\.prefix)
            for family in [AddressFamily.ipv4, .ipv6] {
                withdrawals.append(gone.filter { $0.address.family == family })
            }
            var places: [Key: Int] = [:]
            for case (let prefix, let path?) in steps {
                let key = Key(family: prefix.address.family, path: path)
                if let place = places[key] {
                    announcements[place].prefixes.append(prefix)
                } else {
                    places[key] = announcements.count
                    announcements.append((path, [prefix]))
                }
            }
        }
    }
}
