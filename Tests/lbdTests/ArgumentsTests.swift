import Testing

@testable import lbd

/// getopt_long keeps its place in global variables, so these run one after the other.
@Suite(.serialized) struct ArgumentsTests {
    @Test(arguments: [
        (["run"], Arguments.run(configuration: nil)),
        (["run", "--config", "/x"], .run(configuration: "/x")),
        (["--config=/x", "run"], .run(configuration: "/x")),
        (["check"], .check(configuration: nil, pools: nil)),
        (["check", "-c", "/x", "p.yaml"], .check(configuration: "/x", pools: "p.yaml")),
        (["check", "--", "--odd"], .check(configuration: nil, pools: "--odd")),
        (["status"], .status(configuration: nil, isJSON: false)),
        (["status", "--json", "-c", "/x"], .status(configuration: "/x", isJSON: true)),
        (["--json", "status"], .status(configuration: nil, isJSON: true)),
        (["doctor"], .doctor(configuration: nil, isJSON: false)),
        (["doctor", "--json", "-c", "/x"], .doctor(configuration: "/x", isJSON: true)),
        (["enroll"], .enroll(kubeconfig: nil, server: nil)),
        (["enroll", "--server=https://a", "--kubeconfig", "/k"], .enroll(kubeconfig: "/k", server: "https://a")),
        (["--version"], .version),
        (["run", "--help"], .help),
    ])
    func understood(words: [String], expected: Arguments) throws {
        #expect(try Arguments.parse(["lbd"] + words) == expected)
    }

    @Test(arguments: [
        ([], "a command is missing"),
        (["rnu"], "unknown command \"rnu\": did you mean run?"),
        (["run", "now"], "run takes no \"now\""),
        (["check", "a", "b"], "check takes one POOLS-FILE, not also \"b\""),
        (["status", "now"], "status takes no \"now\""),
        (["doctor", "who"], "doctor takes no \"who\""),
        (["docter"], "unknown command \"docter\": did you mean doctor?"),
        (["sttaus"], "unknown command \"sttaus\": did you mean status?"),
        (["check", "--json"], "check takes no option --json"),
        (["status", "--jsn"], "unknown option \"--jsn\""),
        (["run", "--frob"], "unknown option \"--frob\""),
        (["run", "--config"], "the option --config needs a FILE"),
        (["run", "-c"], "the option --config needs a FILE"),
        (["enroll", "--server"], "the option --server needs a URL"),
        (["enroll", "gooseberry"], "enroll takes no \"gooseberry\""),
        (["enroll", "--config", "/x"], "enroll takes no option --config"),
        (["run", "--kubeconfig", "/k"], "run takes no option --kubeconfig"),
    ])
    func refused(words: [String], message: String) {
        #expect(throws: Arguments.UsageError(message: message)) { try Arguments.parse(["lbd"] + words) }
    }
}
