import ARP
import EventLoop
import System
import Wire

/// Has the Balancer know who has made a station before it hears what that has sent, so that people are told. It does not wait
/// long for that: what is found out later is told with what comes next.
final class Introductions {
    /// The longest that a report is kept back: nothing, where a conflict takes seconds.
    private static let patience = Duration.milliseconds(200)
    /// Stations that are remembered; then they are forgotten, and looked up again.
    private static let limit = 1_024

    private let loop: Loop
    private let onVendor: (MACAddress, String) -> Void
    private let deliver: (Prober.Report) -> Void
    private var finder: VendorFinder?
    private var timer: EventLoop.Timer?
    private var known: Set<MACAddress> = []
    /// What is kept back, in the order in which it came.
    private var waiting: [(station: MACAddress, report: Prober.Report)] = []

    /// Makers, of the database at `path` or where the machine has it, go to `onVendor`, reports to `deliver`.
    init(
        loop: Loop, path: String? = nil, onVendor: @escaping (MACAddress, String) -> Void,
        deliver: @escaping (Prober.Report) -> Void
    ) throws(Errno) {
        self.loop = loop
        self.onVendor = onVendor
        self.deliver = deliver
        timer = try loop.timer { [unowned self] in release { _ in true } }
        finder = try VendorFinder(loop: loop, path: path) { [unowned self] station, vendor in
            if let vendor { onVendor(station, vendor) }
            release { $0 == station }
        }
    }

    /// Takes a report of a detector's.
    func take(_ report: Prober.Report) {
        // Whose address a program made up has no maker.
        guard let station = report.station, !station.isLocal, !known.contains(station) || isWaiting(for: station) else {
            return deliver(report)
        }
        waiting.append((station, report))
        guard !known.contains(station) else { return }
        if known.count >= Self.limit { known = [] }
        known.insert(station)
        finder?.find(station)
        if waiting.count == 1 { timer?.arm(at: loop.now.advanced(by: Self.patience)) }
    }

    private func isWaiting(for station: MACAddress) -> Bool { waiting.contains { $0.station == station } }

    private func release(where isFree: (MACAddress) -> Bool) {
        let free = waiting.filter { isFree($0.station) }
        waiting.removeAll { isFree($0.station) }
        for (_, report) in free { deliver(report) }
    }
}

extension Prober.Report {
    /// Who was heard.
    fileprivate var station: MACAddress? {
        switch self {
        case .used(_, by: let station), .seen(_, by: let station): station
        case .free, .failed: nil
        }
    }
}
