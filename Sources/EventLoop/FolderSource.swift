internal import CLinux
internal import CSystemd
internal import Glibc
internal import System

/// Changes in a folder (inotify(7)) as an event source of a `Loop`; ends when it is let go of. A folder and not a file
/// is watched, since editors and tools replace files by renaming.
public final class FolderSource {
    private let source: EventSource
    private let handler: (String) -> Void

    init(_ loop: Loop, _ path: String, owner: String, _ handler: @escaping (String) -> Void) throws(Errno) {
        self.handler = handler
        source = EventSource(loop, owner: owner)
        let context = Unmanaged.passUnretained(self).toOpaque()
        let mask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_ONLYDIR
        try check(
            sd_event_add_inotify(
                loop.event, &source.pointer, path, UInt32(mask),
                { _, event, context in
                    guard let event, let context else { return 0 }
                    let source = Unmanaged<FolderSource>.fromOpaque(context).takeUnretainedValue()
                    source.source.runs &+= 1
                    source.handler(FolderSource.name(in: event))
                    return 0
                }, context),
            "watch the folder \(path)")
    }

    /// The entry's name, which follows the fixed part of the event; empty for the folder itself.
    private static func name(in event: UnsafePointer<inotify_event>) -> String {
        guard event.pointee.len > 0 else { return "" }
        let start = UnsafeRawPointer(event).advanced(by: MemoryLayout<inotify_event>.size)
        return String(cString: start.assumingMemoryBound(to: CChar.self))
    }
}
