import System

/// `lbd doctor`: looks at this node, its network and the cluster, and says what is wrong and what to do about it.
enum Doctor {
    /// Prints findings for people, or JSON. Returns the exit status.
    static func run(configuration path: String?, isJSON: Bool) -> Int32 {
        let configuration: Configuration
        do {
            configuration = try Configuration.load(path)
        } catch {
            Console.error(error.description)
            return ExitStatus.badConfiguration
        }
        do throws(Errno) {
            let diagnosis = try Examination(configuration).run()
            Console.print(isJSON ? Console.json(diagnosis) : diagnosis.text)
            return diagnosis.isWrong ? ExitStatus.failed : ExitStatus.done
        } catch {
            Console.error("lbd: \(error)")
            return ExitStatus.failed
        }
    }
}
