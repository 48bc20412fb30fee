internal import CLinux
internal import CSystemd
internal import Glibc
internal import Wire

/// The sources of a loop that live.
final class SourceList {
    private struct Entry {
        // A source takes itself out before it is gone.
        unowned let source: EventSource
    }

    private var entries: [UInt64: Entry] = [:]
    private var lastID: UInt64 = 0

    /// Takes `source` in. Returns its number here.
    func add(_ source: EventSource) -> UInt64 {
        lastID += 1
        entries[lastID] = Entry(source: source)
        return lastID
    }

    func remove(_ id: UInt64) {
        entries[id] = nil
    }

    /// All sources as they are at `now`, in no order.
    func look(at now: Instant) -> [Progress.Source] {
        let sources = entries.values.map(\.source)
        let ready = Self.readyDescriptors(of: sources)
        return sources.map { source in
            Progress.Source(
                id: source.id, owner: source.owner, isDue: source.isDue(at: now, ready: ready), runs: source.runs)
        }
    }

    /// The descriptors that are ready for what they are watched for, by their sources.
    private static func readyDescriptors(of sources: [EventSource]) -> Set<UInt64> {
        let watched = sources.compactMap { source in
            source.descriptor.map { (id: source.id, request: $0) }
        }
        var requests = watched.map(\.request)
        guard poll(&requests, nfds_t(requests.count), 0) > 0 else { return [] }
        return Set(zip(watched, requests).filter { $0.1.revents != 0 }.map(\.0.id))
    }
}
