import EventLoop
import Wire

/// What people are told of a station: its Ethernet address, and who has made it where this machine knows that.
final class Vendors {
    private lazy var database = HardwareDatabase()

    /// Such as `b8:27:eb:12:34:56, Raspberry Pi Foundation`.
    func describe(_ station: MACAddress) -> String {
        database?.vendor(of: station).map { "\(station), \($0)" } ?? "\(station)"
    }
}
