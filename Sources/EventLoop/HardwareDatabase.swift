internal import CSystemd
internal import Glibc
public import Wire

/// The machine's database of hardware (hwdb(7)), which knows to whom IEEE has given which Ethernet addresses. It is part of
/// udev; looking into it may wait for the disk.
public final class HardwareDatabase {
    private let pointer: OpaquePointer

    /// The database at `path`, or where the machine has it; nil where there is none.
    public init?(path: String? = nil) {
        var opened: OpaquePointer?
        let result = path.map { sd_hwdb_new_from_path($0, &opened) } ?? sd_hwdb_new(&opened)
        guard result >= 0, let opened else { return nil }
        pointer = opened
    }

    deinit {
        sd_hwdb_unref(pointer)
    }

    /// Who has made the interface with this Ethernet address, such as `Raspberry Pi Trading Ltd`; nil where that is not known,
    /// or the address was made up by a program (IEEE 802's locally administered ones).
    public func vendor(of address: MACAddress) -> String? {
        guard !address.isMulticast, !address.isLocal else { return nil }
        let digits = address.description.uppercased().filter { $0 != ":" }
        var value: UnsafePointer<CChar>?
        guard sd_hwdb_get(pointer, "OUI:\(digits)", "ID_OUI_FROM_DATABASE", &value) >= 0, let value else { return nil }
        return String(cString: value)
    }
}
