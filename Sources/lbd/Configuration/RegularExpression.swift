internal import Glibc

/// A compiled regular expression (regcomp(3), extended).
final class RegularExpression {
    private var compiled = regex_t()

    /// The expression `pattern`; nil where it is none.
    init?(_ pattern: String) {
        guard Self.compile(pattern, into: &compiled) == 0 else { return nil }
    }

    deinit {
        regfree(&compiled)
    }

    /// Whether the expression matches some part of `text`.
    func matches(_ text: String) -> Bool {
        regexec(&compiled, text, 0, nil, 0) == 0
    }

    /// What is wrong with `pattern`, in the C library's words; nil where nothing is.
    static func problem(of pattern: String) -> String? {
        var compiled = regex_t()
        let result = compile(pattern, into: &compiled)
        guard result != 0 else {
            regfree(&compiled)
            return nil
        }
        var words = [CChar](repeating: 0, count: 256)
        regerror(result, &compiled, &words, words.count)
        return String(decoding: words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func compile(_ pattern: String, into compiled: inout regex_t) -> Int32 {
        regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB)
    }
}
