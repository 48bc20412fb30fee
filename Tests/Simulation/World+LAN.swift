import ARP
import Heartbeat
import NetLink
import SWIM
import Wire

@testable import Balancer

/// The LAN: the beats, and ARP between the nodes and a client.
extension World {
    private var clientIndex: Int { daemons.count }

    // MARK: Beats

    mutating func startBeats(of daemon: Daemon, instance: UInt64) {
        daemon.beats = Heartbeat.Instance(
            name: daemon.name, instance: instance, timing: scenario.planted.beatTiming,
            faults: scenario.planted.beats)
    }

    mutating func beat(_ event: Heartbeat.Event, by daemon: Daemon) {
        daemon.beatEvents.append(event)
        while let event = daemon.beatEvents.begin() {
            let directives = daemon.beats?.handle(event, at: now, using: &rng) ?? []
            for directive in directives {
                switch directive {
                case .send(let packet, to: let audience): post(packet.bytes, from: daemon, to: audience)
                case .wake(at: let instant): wake(.beats, of: daemon, at: instant)
                case .report(let report): deliver(.heartbeat(report), to: daemon)
                }
            }
            daemon.beatEvents.end()
        }
    }

    /// Sends a datagram to all nodes on the LAN.
    mutating func multicast(_ messages: [SWIM.Message], from daemon: Daemon) {
        guard daemon.isBeating, daemon.isLinkUp else { return }
        traffic?.note(messages, from: daemon.index)
        for other in daemons where other.index != daemon.index && other.isLinkUp {
            guard lan.carries(from: daemon.index, to: other.index, at: now), !isLost(lan) else { continue }
            schedule.add(.datagram(other.index, messages, from: daemon.index, at: now), at: now.advanced(by: delay()))
        }
    }

    // MARK: ARP

    mutating func respond(to event: ARP.Announcer.Event, by daemon: Daemon) {
        for directive in daemon.responder.handle(event, at: now, using: &rng) {
            switch directive {
            case .send(.ndp, on: _):
                break
            case .send(.arp(let frame), on: _):
                checkReturn(of: daemon, telling: frame)
                if !daemon.isMuted, !daemon.isVoiceless { send(frame, by: daemon) }
            case .wake(at: let instant):
                wake(.responder, of: daemon, at: instant)
            }
        }
    }

    /// Lets a daemon ask who has an address.
    mutating func resolve(_ event: ARP.Resolver.Event, by daemon: Daemon) {
        for directive in daemon.resolver.handle(event, at: now) {
            switch directive {
            case .send(.arp(let frame), for: _): send(frame, by: daemon)
            case .send(.ndp, for: _): break
            case .wake(at: let instant): wake(.resolver, of: daemon, at: instant)
            case .report(let report): deliver(.asked(report), to: daemon)
            }
        }
    }

    /// All that pools may hold.
    static var watched: [AddressRange] { Prefix("192.168.1.128/25").map { [$0.range] } ?? [] }

    /// Lets a daemon look for addresses.
    mutating func probe(_ event: ARP.Prober.Event, by daemon: Daemon) {
        for directive in daemon.prober.handle(event, at: now, using: &rng) {
            switch directive {
            case .send(.arp(let frame), for: _): send(frame, by: daemon)
            case .send(.ndp, for: _): break
            case .wake(at: let instant): wake(.prober, of: daemon, at: instant)
            case .report(let report): deliver(.probed(report), to: daemon)
            }
        }
    }

    /// The router, where there is one: the client plays it.
    func gateways(on interfaces: [UInt32]) -> [Gateway] {
        guard weather.hasGateway, interfaces.contains(Daemon.interfaceIndex) else { return [] }
        return [Gateway(Client.gateway, on: Daemon.interfaceIndex)]
    }

    /// Sends a frame of a node's to whom it is for. What is for all is of use to the client alone, and the questions to the
    /// other nodes as well.
    private mutating func send(_ frame: EthernetFrame, by daemon: Daemon) {
        guard daemon.isLinkUp else { return }
        let isQuestion = frame.packet.senderProtocolAddress != frame.packet.targetProtocolAddress
        for host in 0...clientIndex where host != daemon.index {
            let isForIt = host == clientIndex || isQuestion
            let mac = host == clientIndex ? Client.hardwareAddress : daemons[host].hardwareAddress
            guard frame.destination == mac || frame.destination == .broadcast && isForIt,
                lan.carries(from: daemon.index, to: host, at: now), !isLost(lan)
            else { continue }
            schedule.add(.frame(host == clientIndex ? nil : host, frame), at: now.advanced(by: delay()))
        }
    }

    /// A frame has come to the client, which is the router too.
    mutating func receiveAtClient(_ frame: EthernetFrame) {
        client.hear(frame, at: now)
        if rival != nil { receiveAtRival(frame) }
        guard let (asker, answer) = client.answer(to: frame),
            let daemon = daemons.first(where: { $0.hardwareAddress == asker }),
            lan.carries(from: clientIndex, to: daemon.index, at: now), !isLost(lan)
        else { return }
        schedule.add(.frame(daemon.index, answer), at: now.advanced(by: delay()))
    }

    /// A frame has come to a node.
    mutating func receive(_ frame: EthernetFrame, at daemon: Daemon) {
        guard daemon.isLinkUp else { return }
        answerAsKernel(frame, at: daemon)
        guard daemon.isAlive else { return }
        var writer = ByteWriter(capacity: EthernetFrame.length)
        frame.write(to: &writer)
        guard daemon.frozenUntil == nil else {
            daemon.inbox.append(.frame(writer.bytes[...]))
            return
        }
        take(writer.bytes[...], by: daemon)
    }

    /// A node's kernel answers for the node's own address, whatever its daemon does.
    private mutating func answerAsKernel(_ frame: EthernetFrame, at daemon: Daemon) {
        let request = frame.packet
        let own = daemon.links[0].interface.addresses.map(\.address)
        guard request.operation == .request, own.contains(.v4(request.targetProtocolAddress)) else { return }
        let reply = Packet(
            operation: .reply, senderHardwareAddress: daemon.hardwareAddress,
            senderProtocolAddress: request.targetProtocolAddress, targetHardwareAddress: request.senderHardwareAddress,
            targetProtocolAddress: request.senderProtocolAddress)
        send(
            EthernetFrame(destination: frame.source, source: daemon.hardwareAddress, packet: reply), by: daemon)
    }

    /// Takes a frame: each of the sockets hears what its filter lets through.
    mutating func take(_ bytes: ArraySlice<UInt8>, by daemon: Daemon) {
        guard let frame = try? EthernetFrame(bytes) else { return }
        probe(.received(bytes, on: Daemon.interfaceIndex), by: daemon)
        switch frame.packet.operation {
        case .reply: resolve(.received(bytes, on: Daemon.interfaceIndex), by: daemon)
        default: respond(to: .received(bytes, on: Daemon.interfaceIndex), by: daemon)
        }
    }

    /// The client asks who has an address. Once there is peace only for what it knows nothing about: what it believes
    /// wrongly then, the nodes are to set right.
    mutating func ask() {
        plan(.ask, within: isPeaceful ? .milliseconds(300) : .seconds(1))
        let asksForAll = !isPeaceful || !Checker.areAnnouncementsEnough
        guard let key = server.services.keys.sorted().randomElement(using: &rng),
            case .v4(let address)? = server.services[key]?.ingressAddresses.first,
            asksForAll || client.beliefs[address] == nil
        else { return }
        let frame = client.ask(for: address)
        for daemon in daemons where lan.carries(from: clientIndex, to: daemon.index, at: now) && !isLost(lan) {
            schedule.add(.frame(daemon.index, frame), at: now.advanced(by: delay()))
        }
    }

    // MARK: Returns

    /// A node does not hear the others from now on.
    mutating func noteAbsence(of daemon: Daemon) {
        let knowsOthers = daemon.balancer?.roster.hasRegistrars(besides: daemon.name) ?? false
        daemon.awaySince = knowsOthers && !daemon.isMuted ? now : nil
    }

    /// A node is back: until it has heard something that was sent since, it knows nothing new.
    mutating func noteReturn(of daemon: Daemon) {
        guard let since = daemon.awaySince, since.duration(to: now) > Checker.noticeableAbsence else { return }
        daemon.backSince = now
    }

    /// Judges the answer of a node that was away to a request for an address that it had before.
    private mutating func checkReturn(of daemon: Daemon, telling frame: EthernetFrame) {
        guard let since = daemon.awaySince, let backSince = daemon.backSince,
            now < backSince.advanced(by: Checker.patience), daemon.isLinkUp, !daemon.isMuted,
            !frame.destination.isMulticast
        else { return }
        let claim = Claim(.v4(frame.packet.senderProtocolAddress), on: Daemon.interfaceIndex)
        guard let claimed = daemon.claims[claim], claimed < since else { return }
        for other in daemons where other.index != daemon.index && other.isAwake && other.isLinkUp {
            let hasTaken = other.claims[claim].map { $0 > since } ?? false
            checker.require(
                !hasTaken,
                "\(daemon.name) is back and answers before it has heard anybody for \(claim.address), which \(other.name) took",
                at: now)
        }
    }

    // MARK: Owners

    /// Judges the addresses that more than one node answers for.
    mutating func checkOwners() {
        for address in checker.contested {
            let owners = daemons.filter { daemon in
                daemon.isAwake && daemon.isLinkUp && !daemon.isLeaving && !daemon.isMuted
                    && daemon.claims.keys.contains { $0.address == address }
            }
            for (place, first) in owners.enumerated() {
                for second in owners[(place + 1)...] {
                    guard let since = agreement(of: first, and: second, on: address) else { continue }
                    checker.checkOwners(first, second, of: address, since: since, at: now)
                }
            }
        }
    }

    /// Since when the two answer for `address`, hear each other and know the same of the cluster; nil where they do not.
    private func agreement(of first: Daemon, and second: Daemon, on address: IPAddress) -> Instant? {
        var since = max(
            gossipPlane.clearSince(between: first.index, and: second.index),
            lan.clearSince(between: first.index, and: second.index))
        for daemon in [first, second] {
            guard let claimed = daemon.claims.filter({ $0.key.address == address }).values.min(),
                let informed = informedSince(daemon)
            else { return nil }
            since = max(since, daemon.awakeSince, daemon.linkUpSince, claimed, informed)
        }
        return since <= now ? since : nil
    }

    /// Since when the node's watches have told all that there was to tell of the cluster; nil where one is not open.
    /// The Leases do not count: that nodes live is to be known without them.
    private func informedSince(_ daemon: Daemon) -> Instant? {
        let kinds = kinds.filter { $0 != .lease }
        guard daemon.openStreams.isSuperset(of: kinds) else { return nil }
        return kinds.compactMap { daemon.lastTold[$0] }.max()
    }
}
