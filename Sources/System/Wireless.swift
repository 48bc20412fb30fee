internal import CLinux
internal import Glibc

/// Radios.
public enum Wireless {
    /// Whether the radio of the interface `name` saves power (SIOCGIWPOWER of linux/wireless.h), and so may sleep while others
    /// call it; nil where its driver does not say.
    public static func savesPower(_ name: String) -> Bool? {
        switch lbd_wireless_power_save(name) {
        case 0: false
        case 1: true
        default: nil
        }
    }
}
