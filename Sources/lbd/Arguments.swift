internal import CLinux
internal import Glibc

/// A command line, understood.
enum Arguments: Hashable {
    /// `lbd run [--config FILE]`
    case run(configuration: String?)
    /// `lbd check [--config FILE] [POOLS-FILE]`
    case check(configuration: String?, pools: String?)
    /// `lbd status [--json] [--config FILE]`
    case status(configuration: String?, isJSON: Bool)
    /// `lbd --version`
    case version
    /// `lbd --help`, `lbd COMMAND --help`
    case help

    /// What `lbd --help` prints.
    static let usage = """
        Usage: lbd COMMAND [OPTION…]

        A load balancer for Kubernetes on Raspberry Pis.

        Commands:
          run [--config FILE]                  serve, until SIGTERM
          check [--config FILE] [POOLS-FILE]   find mistakes in lbd.yaml and the pools, or in POOLS-FILE alone
          status [--json] [--config FILE]      show how things stand, as the daemon on this node sees them

        Options:
          -c, --config FILE   the settings (/etc/lbd/lbd.yaml)
          --json              for programs
          -h, --help          this text
          -V, --version       the version

        Exit status: 0 done, 1 the check failed, 2 wrong usage, 69 no daemon, 78 bad configuration.
        """

    /// Why a command line was not understood; the message says what would be right.
    struct UsageError: Error, Hashable {
        var message: String
    }

    /// Understands `words`, the command line with the program's name in front.
    static func parse(_ words: [String]) throws(UsageError) -> Arguments {
        var vector: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { vector.forEach { free($0) } }
        var configuration: String?
        var isJSON = false
        var isHelp = false
        var isVersion = false
        lbd_getopt_reset()
        options: while true {
            switch next(&vector, count: words.count) {
            case -1: break options
            case Int32(UInt8(ascii: "c")): configuration = String(cString: lbd_getopt_argument())
            case Int32(UInt8(ascii: "j")): isJSON = true
            case Int32(UInt8(ascii: "h")): isHelp = true
            case Int32(UInt8(ascii: "V")): isVersion = true
            case Int32(UInt8(ascii: ":")):
                throw UsageError(message: "the option --config needs a FILE")
            default:
                let index = min(max(1, Int(lbd_getopt_index()) - 1), words.count - 1)
                throw UsageError(message: "unknown option \(quoted(words[index]))")
            }
        }
        // getopt has moved the operands to the end.
        let operands = vector[min(Int(lbd_getopt_index()), words.count)..<words.count].compactMap { pointer in
            pointer.map { String(cString: $0) }
        }
        if isHelp { return .help }
        if isVersion { return .version }
        let arguments = try command(operands, configuration, isJSON)
        if isJSON, operands.first != "status" { throw UsageError(message: "--json goes with status only") }
        return arguments
    }

    private static func command(
        _ operands: [String], _ configuration: String?, _ isJSON: Bool
    ) throws(UsageError) -> Arguments {
        switch (operands.first, operands.count) {
        case (nil, _): throw UsageError(message: "a command is missing")
        case ("run", 1): return .run(configuration: configuration)
        case ("check", 1...2): return .check(configuration: configuration, pools: operands.dropFirst().first)
        case ("status", 1): return .status(configuration: configuration, isJSON: isJSON)
        case ("run", _), ("status", _):
            throw UsageError(message: "\(operands[0]) takes no \(quoted(operands[1]))")
        case ("check", _): throw UsageError(message: "check takes one POOLS-FILE, not also \(quoted(operands[2]))")
        case (let unknown?, _):
            let hint =
                Spelling.nearest(to: unknown, among: ["run", "check", "status"]).map { ": did you mean \($0)?" } ?? ""
            throw UsageError(message: "unknown command \(quoted(unknown))\(hint)")
        }
    }

    private static func next(_ vector: inout [UnsafeMutablePointer<CChar>?], count: Int) -> Int32 {
        let known: [(name: String, argument: Int32, letter: Unicode.Scalar)] = [
            ("config", 1, "c"), ("json", 0, "j"), ("help", 0, "h"), ("version", 0, "V"),
        ]
        let names = known.map { strdup($0.name) }
        defer { names.forEach { free($0) } }
        let options = zip(names, known).map { name, known in
            option(name: name, has_arg: known.argument, flag: nil, val: Int32(known.letter.value))
        }
        let end = option(name: nil, has_arg: 0, flag: nil, val: 0)
        return vector.withUnsafeMutableBufferPointer {
            guard let start = $0.baseAddress else { return -1 }
            return getopt_long(Int32(count), start, ":c:hV", options + [end], nil)
        }
    }
}
