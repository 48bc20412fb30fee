import System

/// What of k3s is on this node, and whether its settings switch ServiceLB off. They stand in files, and on the command line in
/// the unit: k3s hides that of its process.
enum K3s {
    /// Where k3s keeps its settings, its unit and its data.
    struct Places {
        /// The settings.
        var configuration = "/etc/rancher/k3s/config.yaml"
        /// The folder of further settings.
        var fragments = "/etc/rancher/k3s/config.yaml.d"
        /// The units of a server, as its installer makes them or a package ships them.
        var serverUnits = ["/etc/systemd/system/k3s.service", "/usr/lib/systemd/system/k3s.service"]
        /// The units of an agent.
        var agentUnits = ["/etc/systemd/system/k3s-agent.service", "/usr/lib/systemd/system/k3s-agent.service"]
        /// The processes.
        var processes = "/proc"
    }

    private static let name = "servicelb"
    private static let limit = 1 << 20

    /// What is seen at `places`.
    static func role(at places: Places = Places()) -> ServiceLBCheck.Evidence.Role {
        let commands = commandLines(places.processes)
        let units = places.serverUnits.compactMap(text)
        let isServer = !units.isEmpty || commands.contains { isK3s($0, "server") }
        guard isServer else {
            let isAgent = places.agentUnits.contains(where: File.exists) || commands.contains { isK3s($0, "agent") }
            return isAgent ? .agent : .none
        }
        let fragments = ((try? Folder.names(in: places.fragments)) ?? []).filter { $0.hasSuffix(".yaml") }
        let files = [places.configuration] + fragments.sorted().map { "\(places.fragments)/\($0)" }
        let isDisabled =
            files.compactMap(text).contains(where: isDisabled(inSettings:))
            || (units + commands.filter { isK3s($0, "server") }).contains(where: isDisabled(inCommand:))
        return .server(isDisabled: isDisabled)
    }

    /// Whether `disable` of k3s's settings in YAML names it: in a list, or in one text with commas.
    static func isDisabled(inSettings text: String) -> Bool {
        var diagnostics = Diagnostics(file: "config.yaml")
        // k3s allows `disable+`, by which a file adds to those before it.
        guard let root = YAML.compose(Array(text.utf8), &diagnostics) else { return false }
        return ["disable", "disable+", "no-deploy"].contains { key in
            guard let value = root[key] else { return false }
            let items = value.elements.isEmpty ? [value] : value.elements
            return items.compactMap(\.string).contains(where: isListed)
        }
    }

    /// Whether an option of a command line names it. Words may be quoted, and lines go on after a backslash, as in a unit.
    static func isDisabled(inCommand text: String) -> Bool {
        let words = text.split { $0.isWhitespace || $0 == "\\" || $0 == "'" || $0 == "\"" || $0 == "=" || $0 == "\0" }
        return zip(words, words.dropFirst()).contains { option, value in
            ["--disable", "--no-deploy"].contains(option) && isListed(String(value))
        }
    }

    private static func isListed(_ list: String) -> Bool {
        list.split(separator: ",").contains { $0.filter { !$0.isWhitespace } == name }
    }

    private static func isK3s(_ command: String, _ role: String) -> Bool {
        let words = command.split { $0 == "\0" || $0 == " " }
        guard words.count > 1, let program = words[0].split(separator: "/").last else { return false }
        return program == "k3s" && words[1] == role
    }

    /// The command lines of all processes that have one, with a zero byte after each word.
    private static func commandLines(_ folder: String) -> [String] {
        ((try? Folder.names(in: folder)) ?? []).filter { $0.allSatisfy(\.isNumber) }
            .compactMap { text("\(folder)/\($0)/cmdline") }
    }

    private static func text(_ path: String) -> String? {
        (try? File.read(path, limit: limit)).map { String(decoding: $0, as: UTF8.self) }
    }
}
