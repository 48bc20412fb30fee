internal import CLinux
internal import Glibc
internal import Synchronization
public import System
public import Wire

/// Looks makers up in the `HardwareDatabase` on a thread of its own, which is there only while there is something to look up:
/// the loop never waits for the disk.
public final class VendorFinder {
    /// Stations that may wait; more are not looked up.
    public static let limit = 64

    private let shelf: Shelf
    private let onFound: (MACAddress, String?) -> Void
    private var source: IOSource?

    /// A finder in the database at `path`, or where the machine has it. What it finds goes to `onFound`, from the loop: who has
    /// made a station, nil where that is not known.
    ///
    /// - Throws: `Errno` where the kernel gives no descriptor.
    public init(
        loop: Loop, path: String? = nil, onFound: @escaping (MACAddress, String?) -> Void
    ) throws(Errno) {
        self.onFound = onFound
        shelf = try Shelf(path)
        source = try loop.watch(shelf.report.rawValue, for: .readable) { [unowned self] _ in deliver() }
    }

    deinit {
        // Before the descriptor that it borrows is closed.
        source = nil
    }

    /// Looks a station up. Where too many wait, or there is no thread to be had, nothing comes of it.
    public func find(_ station: MACAddress) {
        guard shelf.add(station) else { return }
        do throws(Errno) {
            try BackgroundThread.start("look up a maker") { [shelf] in shelf.serve() }
        } catch {
            shelf.close()
        }
    }

    private func deliver() {
        for (station, vendor) in shelf.takeFound() { onFound(station, vendor) }
    }
}

/// What the loop's thread and the looking one share.
private final class Shelf: Sendable {
    private struct State: Sendable {
        var waiting: [MACAddress] = []
        var found: [(MACAddress, String?)] = []
        var isServed = false
    }

    private let path: String?
    private let state = Mutex(State())
    /// Counts up when something was found; the loop watches it.
    let report: FileDescriptor

    init(_ path: String?) throws(Errno) {
        self.path = path
        report = try FileDescriptor(
            result: eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)), "create an event descriptor")
    }

    /// Has a station wait. Returns whether a thread is to be started for it.
    func add(_ station: MACAddress) -> Bool {
        state.withLock { state in
            guard state.waiting.count < VendorFinder.limit else { return false }
            state.waiting.append(station)
            defer { state.isServed = true }
            return !state.isServed
        }
    }

    /// There is no thread: nobody waits.
    func close() {
        state.withLock { state in
            state.waiting = []
            state.isServed = false
        }
    }

    /// The thread.
    func serve() {
        let database = HardwareDatabase(path: path)
        while let station = next() {
            let vendor = database?.vendor(of: station)
            state.withLock { $0.found.append((station, vendor)) }
            var one: UInt64 = 1
            _ = write(report.rawValue, &one, MemoryLayout<UInt64>.size)
        }
    }

    private func next() -> MACAddress? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isServed = false
                return nil
            }
            return state.waiting.removeFirst()
        }
    }

    /// What was found since the last call.
    func takeFound() -> [(MACAddress, String?)] {
        var count: UInt64 = 0
        _ = read(report.rawValue, &count, MemoryLayout<UInt64>.size)
        return state.withLock { state in
            defer { state.found = [] }
            return state.found
        }
    }
}
