internal import System

/// A packet socket that waits to be used; a dictionary cannot hold the socket itself.
final class InheritedSocket {
    private var socket: PacketSocket?

    init(_ socket: consuming PacketSocket) {
        self.socket = consume socket
    }

    /// The socket, once.
    func take() -> PacketSocket? {
        socket.take()
    }
}

/// A descriptor that is only kept open.
final class InheritedDescriptor {
    private let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
    }
}
