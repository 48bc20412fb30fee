import Balancer
import EventLoop
internal import Glibc
import KubeWatch
import System

/// `pools.yaml`: the source of the pools while the cluster has no ConfigMap, else its mirror.
final class PoolsFile {
    private let path: String
    private let report: Report
    private let files: FileWriter
    private let deliver: (Balancer.Event) -> Void
    private var watch: FolderSource?
    private let configMapName: String
    /// The bytes that were read or written last, so that our own writing is not taken for somebody's change.
    private var contents: [UInt8]?
    /// The mirror's bytes while a ConfigMap is in force.
    private var mirrored: [UInt8]?
    /// The file is there and could not be read the last time, which has been told.
    private var isUnreadable = false

    /// The file at `path`; `configMapName` is the `NAMESPACE/NAME` that it mirrors. What it holds goes to `deliver`.
    init(
        _ path: String, mirroring configMapName: String, loop: Loop, files: FileWriter, report: Report,
        deliver: @escaping (Balancer.Event) -> Void
    ) {
        self.path = path
        self.configMapName = configMapName
        self.files = files
        self.report = report
        self.deliver = deliver
        let (folder, name) = Path.split(path)
        do {
            watch = try loop.watch(folder: folder) { [unowned self] changed in
                if changed == name { read(again: false) }
            }
        } catch {
            report.problem(.pools, "\(error): changes of \(path) are seen at a reload only")
        }
    }

    /// Reads the file and delivers what it says; `again` also where it has not changed.
    func read(again: Bool) {
        let bytes: [UInt8]
        do {
            bytes = try File.read(path, limit: YAML.maximumLength + 1)
        } catch {
            contents = nil
            isUnreadable = error.code != ENOENT
            if error.code == ENOENT, let mirrored { return putBack(mirrored) }
            report.problem(.pools, error.code == ENOENT ? nil : "\(error)")
            return
        }
        if isUnreadable { report.problem(.pools, nil) }
        isUnreadable = false
        guard again || bytes != contents else { return }
        contents = bytes
        if let mirrored {
            if bytes != mirrored { putBack(mirrored) }
        } else {
            deliver(event(bytes, file: path, from: .file))
        }
    }

    private func putBack(_ mirrored: [UInt8]) {
        report.warn(
            "\(path) mirrors the ConfigMap \(configMapName): edit that; the file is put back", .poolsFilePutBack)
        write(mirrored)
    }

    /// What a ConfigMap says.
    func event(for configMap: ConfigMap) -> Balancer.Event {
        let name = "ConfigMap \(configMapName)"
        guard let text = configMap.config else {
            let problem = "\(name): error: it has no key \"config\""
            return .poolsRefused(problem: problem, from: .configMap(configMap.metadata, text: ""))
        }
        return event(Array(text.utf8), file: name, from: .configMap(configMap.metadata, text: text))
    }

    private func event(_ bytes: [UInt8], file: String, from source: PoolsSource) -> Balancer.Event {
        do {
            return .pools(try PoolsReader.read(bytes, file: file), from: source)
        } catch {
            return .poolsRefused(problem: error.diagnostics.first?.description ?? "\(error)", from: source)
        }
    }

    /// Puts the ConfigMap's text, now in force, into the file.
    func mirror(_ text: String) {
        let bytes = Mirror.contents(of: text, configMap: configMapName)
        mirrored = bytes
        guard bytes != contents else { return }
        write(bytes)
    }

    /// The ConfigMap is gone: the file stays as it is and is the source again.
    func configMapDeleted() {
        mirrored = nil
    }

    private func write(_ bytes: [UInt8]) {
        contents = bytes
        files.write(path: path, contents: bytes, mode: 0o644) { [unowned self] result in
            switch result {
            case .success: report.problem(.pools, nil)
            case .failure(let error): report.problem(.pools, "\(error): the ConfigMap is in force but not mirrored")
            }
        }
    }
}
