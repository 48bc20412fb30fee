/// What WiFi means for the interfaces in use.
enum WirelessCheck {
    /// A radio that addresses can be answered on.
    struct Radio: Hashable {
        /// The interface.
        var name: String
        /// How many addresses this node answers for there; nil where no daemon says.
        var addressCount: Int?
        /// Whether it saves power; nil where its driver does not say.
        var savesPower: Bool?
    }

    static func findings(_ radios: [Radio]) -> [Finding] { radios.flatMap(findings) }

    private static func findings(_ radio: Radio) -> [Finding] {
        let name = radio.name
        let use =
            switch radio.addressCount {
            case let count? where count > 0: "this node answers for \(count) there, so it is promiscuous now"
            default: "while this node answers for one there, it is made promiscuous"
            }
        return [.fine(.wireless, "\(name) is a radio, which drops what is not sent to an address of its own: \(use)")]
            + power(radio)
    }

    private static func power(_ radio: Radio) -> [Finding] {
        let name = radio.name
        let advice =
            "Switch it off: iw dev \(name) set power_save off; for good, wifi.powersave = 2 in NetworkManager's "
            + "settings."
        switch radio.savesPower {
        case true?:
            return [
                .hint(
                    .wireless, "\(name) saves power: it sleeps while others ask, and answers late or not at all",
                    advice: advice)
            ]
        case false?: return [.fine(.wireless, "\(name) does not save power")]
        case nil:
            return [
                .unknown(
                    .wireless, "whether \(name) saves power its driver does not say",
                    advice: "Ask it: iw dev \(name) get power_save.")
            ]
        }
    }
}
