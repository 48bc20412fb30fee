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
    /// `lbd doctor [--json] [--config FILE]`
    case doctor(configuration: String?, isJSON: Bool)
    /// `lbd enroll [--kubeconfig FILE] [--server URL]`
    case enroll(kubeconfig: String?, server: String?)
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
          doctor [--json] [--config FILE]      find what is wrong with the node, the network, the cluster
          enroll [--kubeconfig FILE]           as an admin: prepare the cluster, print the kubeconfig for the nodes

        Options:
          -c, --config FILE   the settings (/etc/lbd/lbd.yaml)
          --json              for programs
          --kubeconfig FILE   the admin's ($KUBECONFIG, or where k3s, kubeadm or kubectl keep it)
          --server URL        where the nodes reach the API server (the one in the admin's kubeconfig)
          -h, --help          this text
          -V, --version       the version

        Exit status: 0 done, 1 it failed or something is wrong, 2 wrong usage, 69 no daemon, 78 bad configuration.
        """

    /// Why a command line was not understood; the message says what would be right.
    struct UsageError: Error, Hashable {
        var message: String
    }

    /// An option: its name after two hyphens, what getopt_long calls it (its letter after one hyphen, if it has one), and
    /// what it takes.
    private struct Option {
        var name: String
        var code: Int32
        var argument: String?
    }

    private static let options = [
        Option(name: "config", code: Int32(UInt8(ascii: "c")), argument: "FILE"),
        Option(name: "json", code: 256),
        Option(name: "kubeconfig", code: 257, argument: "FILE"),
        Option(name: "server", code: 258, argument: "URL"),
        Option(name: "help", code: Int32(UInt8(ascii: "h"))),
        Option(name: "version", code: Int32(UInt8(ascii: "V"))),
    ]

    /// Understands `words`, the command line with the program's name in front.
    static func parse(_ words: [String]) throws(UsageError) -> Arguments {
        var vector: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { vector.forEach { free($0) } }
        var given: [String: String] = [:]
        lbd_getopt_reset()
        options: while true {
            let code = next(&vector, count: words.count)
            switch code {
            case -1: break options
            case Int32(UInt8(ascii: ":")):
                let option = options.first { $0.code == lbd_getopt_option() }
                throw UsageError(
                    message: "the option --\(option?.name ?? "") needs a \(option?.argument ?? "value")")
            default:
                guard let option = options.first(where: { $0.code == code }) else {
                    let index = min(max(1, Int(lbd_getopt_index()) - 1), words.count - 1)
                    throw UsageError(message: "unknown option \(quoted(words[index]))")
                }
                given[option.name] = option.argument == nil ? "" : String(cString: lbd_getopt_argument())
            }
        }
        // getopt has moved the operands to the end.
        let operands = vector[min(Int(lbd_getopt_index()), words.count)..<words.count].compactMap { pointer in
            pointer.map { String(cString: $0) }
        }
        if given["help"] != nil { return .help }
        if given["version"] != nil { return .version }
        return try command(operands, given)
    }

    /// `given` holds the options by their names.
    private static func command(_ operands: [String], _ given: [String: String]) throws(UsageError) -> Arguments {
        switch (operands.first, operands.count) {
        case (nil, _): throw UsageError(message: "a command is missing")
        case ("run", 1):
            try check(given, of: "run", allowed: ["config"])
            return .run(configuration: given["config"])
        case ("check", 1...2):
            try check(given, of: "check", allowed: ["config"])
            return .check(configuration: given["config"], pools: operands.dropFirst().first)
        case ("status", 1):
            try check(given, of: "status", allowed: ["config", "json"])
            return .status(configuration: given["config"], isJSON: given["json"] != nil)
        case ("doctor", 1):
            try check(given, of: "doctor", allowed: ["config", "json"])
            return .doctor(configuration: given["config"], isJSON: given["json"] != nil)
        case ("enroll", 1):
            try check(given, of: "enroll", allowed: ["kubeconfig", "server"])
            return .enroll(kubeconfig: given["kubeconfig"], server: given["server"])
        case ("run", _), ("status", _), ("doctor", _), ("enroll", _):
            throw UsageError(message: "\(operands[0]) takes no \(quoted(operands[1]))")
        case ("check", _): throw UsageError(message: "check takes one POOLS-FILE, not also \(quoted(operands[2]))")
        case (let unknown?, _):
            let nearest = Spelling.nearest(to: unknown, among: ["run", "check", "status", "doctor", "enroll"])
            let hint = nearest.map { ": did you mean \($0)?" } ?? ""
            throw UsageError(message: "unknown command \(quoted(unknown))\(hint)")
        }
    }

    private static func check(
        _ given: [String: String], of command: String, allowed: Set<String>
    ) throws(UsageError) {
        guard let other = given.keys.filter({ !allowed.contains($0) }).min() else { return }
        throw UsageError(message: "\(command) takes no option --\(other)")
    }

    private static func next(_ vector: inout [UnsafeMutablePointer<CChar>?], count: Int) -> Int32 {
        let names = options.map { strdup($0.name) }
        defer { names.forEach { free($0) } }
        let table = zip(options, names).map { known, name in
            option(name: name, has_arg: known.argument == nil ? 0 : 1, flag: nil, val: known.code)
        }
        return vector.withUnsafeMutableBufferPointer {
            guard let start = $0.baseAddress else { return -1 }
            return getopt_long(
                Int32(count), start, ":c:hV", table + [option(name: nil, has_arg: 0, flag: nil, val: 0)], nil)
        }
    }
}
