import Foundation
import Wire

/// What happens in a run, for the eyes of whoever looks into it: with `SIM_LOG` set, on standard output.
enum Log {
    private static let isOn = ProcessInfo.processInfo.environment["SIM_LOG"] != nil

    static func line(_ text: @autoclosure () -> String, at now: Instant) {
        guard isOn else { return }
        print(String(format: "%10.4f", Double(now.nanoseconds) / 1e9), text())
    }
}
