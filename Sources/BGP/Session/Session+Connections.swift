internal import Wire

/// Connections: how they are made, taken and given up.
extension Session {
    /// The place of the connection `id`, while there is one.
    func index(of id: Int) -> Int? { connections.firstIndex { $0.id == id } }

    private mutating func add(isOutgoing: Bool, _ phase: Connection.Phase) -> Int {
        lastConnectionID += 1
        connections.append(Connection(id: lastConnectionID, isOutgoing: isOutgoing, phase: phase))
        return lastConnectionID
    }

    // MARK: The beginning

    /// Connects where it is time to. While the peer's own connection is on its way, that is waited for.
    mutating func connectIfDue(in turn: inout Turn) {
        guard let due = retryAt, due <= turn.now else { return }
        guard connections.isEmpty else {
            retryAt = turn.now.advanced(by: backoff.next(using: &turn.rng))
            return
        }
        retryAt = nil
        let id = add(isOutgoing: true, .connecting)
        connections[connections.count - 1].deadline = turn.now.advanced(by: settings.timing.connectTimeout)
        turn.emit(.connect(id))
    }

    mutating func connected(_ id: Int, _ localAddress: IPAddress, in turn: inout Turn) {
        guard let index = index(of: id), connections[index].phase == .connecting else { return }
        open(index, localAddress, in: &turn)
    }

    mutating func accept(_ localAddress: IPAddress, in turn: inout Turn) {
        guard mode == .running, idleUntil == nil else {
            counters.refused += 1
            turn.emit(.refuse)
            return
        }
        // A peer that comes again has given up the connection before.
        for old in connections where !old.isOutgoing && old.phase != .established { close(old, in: &turn) }
        turn.emit(.take(add(isOutgoing: false, .openSent)))
        open(connections.count - 1, localAddress, in: &turn)
    }

    private mutating func open(_ index: Int, _ localAddress: IPAddress, in turn: inout Turn) {
        connections[index].phase = .openSent
        connections[index].localAddress = localAddress
        connections[index].deadline = turn.now.advanced(by: settings.timing.openTimeout)
        connections[index].codec.isInternal = settings.isInternal
        let open = settings.open(isRestarting: isRestarting)
        send(connections[index].codec.encode(.open(open)), on: index, in: &turn)
    }

    // MARK: Signs of life

    /// Hands bytes to the shell. Whatever is sent is a sign of life.
    mutating func send(_ bytes: [UInt8], on index: Int, in turn: inout Turn) {
        turn.emit(.send(bytes, on: connections[index].id))
        if connections[index].sendDeadline == nil {
            let longest = max(
                settings.timing.shortestSendHold, (connections[index].negotiation?.holdTime ?? .zero) * 2)
            connections[index].sendDeadline = turn.now.advanced(by: longest)
        }
        scheduleKeepalive(index, in: &turn)
    }

    private mutating func scheduleKeepalive(_ index: Int, in turn: inout Turn) {
        guard let interval = connections[index].keepaliveInterval else { return }
        connections[index].keepaliveAt = turn.now.advanced(by: turn.rng.shortened(interval, to: 0.75...1))
    }

    mutating func keepAlive(in turn: inout Turn) {
        for index in connections.indices {
            guard let due = connections[index].keepaliveAt, due <= turn.now else { continue }
            if connections[index].sendDeadline == nil {
                send(connections[index].codec.encode(.keepalive), on: index, in: &turn)
            } else {
                // What waits to go out will be a sign of life.
                scheduleKeepalive(index, in: &turn)
            }
        }
    }

    /// Something has come from the peer.
    mutating func renewHold(_ index: Int, at now: Instant) {
        connections[index].deadline = connections[index].negotiation?.holdTime.map { now.advanced(by: $0) }
    }

    // MARK: The end

    /// Ends the connections on which what must come has not.
    mutating func expireConnections(in turn: inout Turn) {
        for connection in connections {
            if let due = connection.deadline, due <= turn.now {
                if connection.phase == .connecting {
                    end(connection.id, .unreachable("no answer"), in: &turn)
                } else {
                    fail(connection.id, .holdTimerExpired, in: &turn)
                }
            } else if connection.phase == .established, let due = connection.sendDeadline, due <= turn.now {
                fail(connection.id, .sendHoldTimerExpired, in: &turn)
            }
        }
    }

    /// Ends a connection for what the peer has done.
    mutating func fail(_ id: Int, _ error: BGPError, in turn: inout Turn) {
        end(id, .error(error), telling: error.notification, in: &turn)
    }

    mutating func loseByBFD(in turn: inout Turn) {
        guard let established else { return }
        end(connections[established].id, .bfdDown, telling: .cease(.bfdDown), in: &turn)
    }

    /// Gives up a connection that another one replaces, or that is to end with the session.
    mutating func close(_ connection: Connection, telling notification: Notification? = nil, in turn: inout Turn) {
        connections.removeAll { $0.id == connection.id }
        if let notification, connection.phase != .connecting {
            turn.emit(.send(connection.codec.encode(.notification(notification)), on: connection.id))
        }
        turn.emit(.close(connection.id))
    }

    /// Ends a connection, and with it the session or the try where there is no other.
    mutating func end(
        _ id: Int, _ cause: Cause, telling notification: Notification? = nil, isClosed: Bool = false,
        in turn: inout Turn
    ) {
        guard let index = index(of: id) else { return }
        let connection = connections[index]
        if isClosed {
            connections.remove(at: index)
        } else {
            close(connection, telling: notification, in: &turn)
        }
        if connection.phase == .established {
            lose(cause, in: &turn)
        } else if connections.isEmpty {
            if lastCause != cause { turn.report(.failed(cause)) }
        } else {
            counters.collisions += 1
            return
        }
        lastCause = cause
        guard mode == .running, connections.isEmpty else { return }
        retry(after: cause, in: &turn)
    }

    private mutating func lose(_ cause: Cause, in turn: inout Turn) {
        if let establishedAt, establishedAt.duration(to: turn.now) >= settings.timing.stableTime { backoff.reset() }
        establishedAt = nil
        routes.end()
        turn.report(.down(cause))
    }

    private mutating func retry(after cause: Cause, in turn: inout Turn) {
        let now = turn.now
        switch cause {
        case .told, .error: idleUntil = now.advanced(by: settings.timing.idleHold)
        case .unreachable, .disconnected, .bfdDown, .replaced, .stopped: idleUntil = nil
        }
        let due = now.advanced(by: backoff.next(using: &turn.rng))
        retryAt = settings.isPassive ? nil : max(due, idleUntil ?? due)
    }
}
