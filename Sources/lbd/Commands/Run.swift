/// `lbd run`: the daemon.
enum Run {
    /// Serves until a signal ends it. Returns the exit status.
    static func run(configuration path: String?) -> Int32 {
        let configuration: Configuration
        do {
            configuration = try Configuration.load(path)
        } catch {
            Console.error(error.description)
            return ExitStatus.badConfiguration
        }
        do {
            return try Daemon(configuration, path: path).run()
        } catch {
            Console.error("lbd: \(error)")
            return ExitStatus.failed
        }
    }
}
