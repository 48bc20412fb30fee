/// A mistake in a file, in the form that editors understand: `FILE:LINE:COLUMN: error: MESSAGE`.
struct Diagnostic: Hashable, Sendable, CustomStringConvertible {
    /// The file, or what stands for it: `ConfigMap metallb-system/config`.
    var file: String
    /// The place of the mistake; nil where it is the whole file.
    var location: YAML.Location?
    /// What is wrong and what would be right, on one line.
    var message: String

    var description: String {
        "\(file):\(location.map { "\($0):" } ?? "") error: \(message)"
    }
}

/// All mistakes of a file, ascending by place.
struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The most mistakes that are told.
    static let maximumDiagnostics = 100

    /// The mistakes; never empty.
    let diagnostics: [Diagnostic]

    /// The single mistake `message` of the whole `file`.
    init(file: String, message: String) {
        diagnostics = [Diagnostic(file: file, location: nil, message: message)]
    }

    fileprivate init(_ found: [Diagnostic]) {
        // Stable, so that mistakes at one place stay in the order in which they were found.
        let sorted = found.enumerated().sorted {
            ($0.element.location ?? .start, $0.offset) < ($1.element.location ?? .start, $1.offset)
        }.map(\.element)
        guard sorted.count > Self.maximumDiagnostics, let file = sorted.first?.file else {
            diagnostics = sorted
            return
        }
        let omitted = sorted.count - Self.maximumDiagnostics
        diagnostics =
            sorted.prefix(Self.maximumDiagnostics)
            + [Diagnostic(file: file, location: nil, message: "\(omitted) more mistakes are not shown")]
    }

    /// The mistakes, one a line.
    var description: String {
        diagnostics.map(\.description).joined(separator: "\n")
    }
}

/// Collects the mistakes of a file while it is read.
struct Diagnostics {
    let file: String
    private var found: [Diagnostic] = []

    init(file: String) {
        self.file = file
    }

    mutating func error(_ message: String, at location: YAML.Location) {
        found.append(Diagnostic(file: file, location: location, message: message))
    }

    /// Throws what was found, if anything.
    func check() throws(ConfigurationError) {
        guard found.isEmpty else { throw ConfigurationError(found) }
    }
}

/// `text` in quotes for a message: on one line, without control characters, and cut where it is long.
func quoted(_ text: String) -> String {
    let shown = printable(String(String.UnicodeScalarView(text.unicodeScalars.prefix(80))))
    return text.unicodeScalars.count > 80 ? "\"\(shown)…\"" : "\"\(shown)\""
}

/// `text` on one line and without control characters, which could steer a terminal.
func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator:
            result += "\\u{\(String(scalar.value, radix: 16))}"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}
