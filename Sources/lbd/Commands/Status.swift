/// `lbd status`: asks the daemon on this node how things stand.
enum Status {
    /// How long the daemon may take for each step.
    private static let timeoutSeconds = 5

    /// Prints a table for people, or JSON. Returns the exit status.
    static func run(configuration path: String?, isJSON: Bool) -> Int32 {
        let configuration: Configuration
        do {
            configuration = try Configuration.load(path)
        } catch {
            Console.error(error.description)
            return ExitStatus.badConfiguration
        }
        do throws(StatusClient.Failure) {
            let status = try StatusClient.ask(folder: configuration.runtime, timeoutSeconds: timeoutSeconds)
            Console.print(isJSON ? Console.json(status) : StatusTable.text(of: status, describing: Vendors().describe))
            return ExitStatus.done
        } catch {
            Console.error("lbd: \(error.message)")
            return ExitStatus.unavailable
        }
    }
}
