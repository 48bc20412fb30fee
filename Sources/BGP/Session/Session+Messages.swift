internal import Wire

/// What the peer says.
extension Session {
    mutating func receive(_ bytes: ArraySlice<UInt8>, on id: Int, in turn: inout Turn) {
        guard let index = index(of: id), connections[index].phase != .connecting else { return }
        connections[index].decoder.append(bytes)
        // What one message says can end the connection, or another one.
        while let index = self.index(of: id) {
            do throws(BGPError) {
                guard let message = try connections[index].decoder.next(connections[index].codec) else { return }
                try take(message, on: index, in: &turn)
            } catch {
                return fail(id, error, in: &turn)
            }
        }
    }

    private mutating func take(_ message: Message, on index: Int, in turn: inout Turn) throws(BGPError) {
        let connection = connections[index]
        switch (connection.phase, message) {
        case (_, .notification(let notification)):
            end(connection.id, .told(notification), in: &turn)
        case (.openSent, .open(let open)):
            try take(open, on: index, in: &turn)
        case (.openConfirm, .keepalive):
            establish(index, in: &turn)
        case (.established, .keepalive):
            renewHold(index, at: turn.now)
        case (.established, .update(let update)):
            renewHold(index, at: turn.now)
            count(update)
        case (.established, .routeRefresh(let family, let subtype)):
            renewHold(index, at: turn.now)
            if subtype == 0 {
                counters.refreshes += 1
                routes.refresh(family)
            }
        default:
            throw .unexpectedMessage(in: connection.state)
        }
    }

    private mutating func count(_ update: Update) {
        counters.updatesReceived += 1
        let announced = update.announced.count + (update.reach?.prefixes.count ?? 0)
        let withdrawn = update.withdrawn.count + (update.unreach?.prefixes.count ?? 0)
        counters.faults += UInt64(update.faults.count)
        counters.routesReceived += UInt64(update.isTreatedAsWithdrawn ? 0 : announced)
        counters.withdrawalsReceived += UInt64(update.isTreatedAsWithdrawn ? announced + withdrawn : withdrawn)
    }

    // MARK: OPEN

    private mutating func take(_ open: Open, on index: Int, in turn: inout Turn) throws(BGPError) {
        let negotiation = try Negotiation(open, settings)
        let id = connections[index].id
        guard outlives(index, negotiation, in: &turn), let index = self.index(of: id) else { return }
        connections[index].phase = .openConfirm
        connections[index].negotiation = negotiation
        connections[index].codec = negotiation.codec(isInternal: settings.isInternal)
        // Without a hold time, the KEEPALIVE that ends this state is waited for as long as the OPEN was.
        if negotiation.holdTime != nil { renewHold(index, at: turn.now) }
        send(connections[index].codec.encode(.keepalive), on: index, in: &turn)
    }

    /// Whether a connection whose OPEN has come goes on beside another (RFC 4271 section 6.8): of the two that are made at
    /// once, that of the speaker with the higher identifier does, or with the higher AS number (RFC 6286).
    private mutating func outlives(_ index: Int, _ negotiation: Negotiation, in turn: inout Turn) -> Bool {
        let connection = connections[index]
        let collision = Notification.cease(.connectionCollisionResolution)
        for other in connections where other.id != connection.id {
            switch other.phase {
            case .connecting, .openSent:
                // Settled when it has come as far.
                continue
            case .openConfirm:
                let keepsOutgoing =
                    (settings.routerID, settings.localASN) > (negotiation.routerID, settings.peerASN)
                counters.collisions += 1
                guard connection.isOutgoing == keepsOutgoing else {
                    close(connection, telling: collision, in: &turn)
                    return false
                }
                close(other, telling: collision, in: &turn)
            case .established:
                guard other.negotiation?.peerRestart != nil else {
                    counters.collisions += 1
                    close(connection, telling: collision, in: &turn)
                    return false
                }
                // It has restarted, and the old connection ended unheard (RFC 4724 section 4.2).
                end(other.id, .replaced, in: &turn)
            }
        }
        return true
    }

    private mutating func establish(_ index: Int, in turn: inout Turn) {
        let id = connections[index].id
        for other in connections where other.id != id {
            counters.collisions += 1
            close(other, telling: .cease(.connectionCollisionResolution), in: &turn)
        }
        guard let index = self.index(of: id), let negotiation = connections[index].negotiation else { return }
        connections[index].phase = .established
        renewHold(index, at: turn.now)
        counters.established += 1
        establishedAt = turn.now
        retryAt = nil
        routes.begin(negotiation.families)
        turn.report(.up(negotiation))
    }
}
