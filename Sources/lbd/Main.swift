internal import Glibc

@main
enum Main {
    static func main() {
        exit(status(of: CommandLine.arguments))
    }

    private static func status(of words: [String]) -> Int32 {
        do {
            switch try Arguments.parse(words) {
            case .help: Console.print(Arguments.usage)
            case .version: Console.print("lbd \(version)")
            case .check(let configuration, let pools): return Check.run(configuration: configuration, pools: pools)
            case .status(let configuration, let isJSON):
                return Status.run(configuration: configuration, isJSON: isJSON)
            case .doctor(let configuration, let isJSON):
                return Doctor.run(configuration: configuration, isJSON: isJSON)
            case .enroll(let kubeconfig, let server): return Enroll.run(kubeconfig: kubeconfig, server: server)
            case .run(let configuration): return Run.run(configuration: configuration)
            }
            return ExitStatus.done
        } catch {
            Console.error("lbd: \(error.message); see lbd --help")
            return ExitStatus.wrongUsage
        }
    }
}
