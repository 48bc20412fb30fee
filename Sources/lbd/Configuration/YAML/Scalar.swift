extension YAML {
    /// A scalar: its text, and what the text stands for.
    struct Scalar: Hashable, Sendable {
        /// What a scalar stands for where something else than text is wanted.
        enum Value: Hashable, Sendable {
            case null
            case boolean(Bool)
            case integer(Int)
            case text
        }

        /// The text, without quotes and with escapes resolved.
        var text: String
        /// Whether the text may stand for something else than itself: it is plain (not quoted), or tagged as such.
        var isPlain: Bool

        /// What the text stands for, by the rules of YAML 1.1 as Go's yaml.v2 reads them: MetalLB was its user.
        var value: Value {
            guard isPlain else { return .text }
            switch text {
            case "", "~", "null", "Null", "NULL": return .null
            case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON": return .boolean(true)
            case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF": return .boolean(false)
            default: return Self.integer(text).map(Value.integer) ?? .text
            }
        }

        /// A number as Go writes it in source text: decimal, `0x`, `0b`, octal as `0o` or after a plain 0, with `_`
        /// between digits. Nil for anything else and for what exceeds 64 bits.
        private static func integer(_ text: String) -> Int? {
            guard let first = text.utf8.first, "+-0123456789".utf8.contains(first) else { return nil }
            let isSigned = first == UInt8(ascii: "+") || first == UInt8(ascii: "-")
            let digits = text.dropFirst(isSigned ? 1 : 0).filter { $0 != "_" }.lowercased()
            let sign = first == UInt8(ascii: "-") ? "-" : ""
            for (prefix, radix) in [("0x", 16), ("0b", 2), ("0o", 8), ("0", 8)]
            where digits.hasPrefix(prefix) && digits.utf8.count > prefix.utf8.count {
                return number(sign, digits.dropFirst(prefix.count), radix: radix)
            }
            return number(sign, digits[...], radix: 10)
        }

        private static func number(_ sign: String, _ digits: Substring, radix: Int) -> Int? {
            // Int's parser would take a second sign.
            guard let first = digits.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-") else {
                return nil
            }
            return Int(sign + digits, radix: radix)
        }
    }
}
