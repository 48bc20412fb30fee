import ARP
import Balancer
import EventLoop
internal import Glibc
import KubeWatch
import NetLink
import System
import Wire

/// The Shell: owns every socket, timer and file of the daemon, feeds what they tell into the Balancer and carries its
/// Directives out. Decides nothing itself.
final class Daemon {
    private let loop: Loop
    private let report: Report
    private let state: StateFolder
    private let runtime: RuntimeFolder
    private let files: FileWriter
    private let responder: Responder
    private let placer: Placer
    private let configurationPath: String?
    private var configuration: Configuration
    private var balancer: Balancer.Instance
    private var rng: PRNG

    // These call back into the daemon, so they are made once it stands.
    private var monitor: Monitor?
    private var asker: Asker?
    private var detector: Detector?
    private var introductions: Introductions?
    private var cluster: Cluster?
    private var gossip: Gossip?
    private var beats: Beats?
    private var peers: Peers?
    /// Tells this daemon from those before and after it.
    private let number: UInt64
    private var poolsFile: PoolsFile?
    private var deadline: EventLoop.Timer?
    private var signals: [SignalSource] = []
    private var statusServer: StatusServer?
    private var watchdog: Watchdog?
    private var isReady = false

    private var interfaces: [Interface] = []
    private var events = Mailbox<Balancer.Event>()

    /// The daemon of one node, before it runs.
    ///
    /// - Throws: `DaemonError` where it cannot start at all.
    init(_ configuration: Configuration, path configurationPath: String?) throws(DaemonError) {
        self.configuration = configuration
        self.configurationPath = configurationPath
        do throws(Errno) {
            loop = try Loop()
        } catch {
            throw .system(error)
        }
        report = Report(loop: loop)
        state = try StateFolder(configuration.state)
        runtime = RuntimeFolder(configuration.runtime)
        do throws(Errno) {
            files = try FileWriter(loop: loop)
            responder = try Responder(
                loop: loop, refreshInterval: .seconds(configuration.refreshSeconds))
            placer = try Placer(Placer.isSupported ? configuration.placement : .none, loop: loop)
            rng = PRNG(seed: try Random.seed())
            number = try Random.seed()
        } catch {
            throw .system(error)
        }
        balancer = Balancer.Instance(configuration.balancerSettings(instanceID: state.instanceID, instance: number))
    }

    /// Runs until a signal ends it; the result is the process's exit status.
    func run() throws(DaemonError) -> Int32 {
        avoidDelays()
        do throws(Errno) {
            try watchSignals()
            // Before all else that is ready at once: a daemon that wakes past its deadline as leader must close its
            // connections before their sockets are served.
            deadline = try loop.timer(priority: -100) { [unowned self] in handle(.timer) }
            report.problem(.state, state.problem)
            responder.onTrouble = { [unowned self] errors in report.problem(.answering, troubleText(errors)) }
            let inheritance = runtime.takeInheritance()
            let introductions = try Introductions(
                loop: loop, onVendor: { [unowned self] station, name in handle(.vendor(station, name)) },
                deliver: { [unowned self] report in handle(.probed(report)) })
            self.introductions = introductions
            let detector = try Detector(loop: loop) { [unowned introductions] report in introductions.take(report) }
            self.detector = detector
            ServiceManager.takeStored { [responder] (name: String, descriptor: consuming FileDescriptor) in
                if Detector.isStored(as: name) {
                    detector.adopt(descriptor, storedAs: name)
                } else {
                    responder.adopt(descriptor, storedAs: name)
                }
            }
            asker = try Asker(loop: loop) { [unowned self] report in handle(.asked(report)) }
            try startGossip()
            peers = try Peers(
                loop: loop, listenAt: configuration.bgpListen, report: report, isRestart: inheritance != nil
            ) { [unowned self] in handle(.peering($0)) }
            handle(.started(saved: state.saved, inheritance: inheritance))
            startPlacing()
            let monitor = try Monitor(loop: loop) { [unowned self] interfaces in
                linksChanged(interfaces)
            }
            monitor.onProblem = { [unowned self] text in
                report.warn(text)
                becomeReady()
            }
            monitor.onNotifyPeers = { [unowned self] in responder.announceAll() }
            self.monitor = monitor
            startFilesAndCluster()
            openStatus()
            try startWatchdog()
            return try loop.run()
        } catch {
            throw .system(error)
        }
    }

    /// Asks not to be kept waiting on a busy machine. Where that is refused, all works without.
    private func avoidDelays() {
        do throws(Errno) {
            try Scheduling.becomeRealTime()
        } catch {
            report.inform("\(error): a busy machine may keep lbd waiting, and others may take it for dead")
        }
    }

    private func watchSignals() throws(Errno) {
        signal(SIGPIPE, SIG_IGN)
        for number in [SIGTERM, SIGINT] {
            signals.append(
                try loop.watch(signal: number) { [unowned self] in
                    ServiceManager.stopping()
                    handle(.stop)
                })
        }
        signals.append(try loop.watch(signal: SIGUSR1) { [unowned self] in handle(.restart) })
        signals.append(try loop.watch(signal: SIGHUP) { [unowned self] in reload() })
    }

    /// Once the loop runs and the interfaces are known, or cannot be: the files have been read by then.
    private func becomeReady() {
        guard !isReady else { return }
        isReady = true
        ServiceManager.ready()
    }

    private func startWatchdog() throws(Errno) {
        guard let limit = ServiceManager.watchdogLimit else { return }
        watchdog = try Watchdog(
            loop: loop, limit: limit, feed: ServiceManager.feedWatchdog,
            onChange: { [unowned self] stuck in
                let text = "no progress in \(stuck.joined(separator: ", ")): systemd restarts lbd unless it goes on"
                report.problem(.progress, stuck.isEmpty ? nil : text)
            })
    }

    /// Opens the socket for `lbd status`, unless it is open.
    private func openStatus() {
        guard statusServer == nil else { return }
        do throws(Errno) {
            statusServer = try StatusServer(folder: configuration.runtime, loop: loop) { [unowned self] in
                NodeStatus(
                    node: configuration.node, overview: balancer.overview(at: loop.now),
                    shellProblems: report.problemTexts, lastError: report.lastError,
                    placement: placement, gossipTraffic: gossip?.traffic, peers: peers?.statuses ?? [])
            }
            report.problem(.statusSocket, nil)
        } catch {
            report.problem(.statusSocket, "\(error); lbd status finds nobody: see the key `runtime` in lbd.yaml")
        }
    }

    /// What the daemon before this one answered for, if that goes on, is taken by now.
    private func startPlacing() {
        placer.onProblem = { [unowned self] text in report.problem(.placement, text) }
        placer.start()
        let dying =
            "where lbd dies or hangs, this node's kernel goes on answering ARP for what it answers for, for "
            + "\(Placement.lifetimeSeconds) s at most and beside its heir"
        switch configuration.placement {
        case .none:
            break
        case _ where !Placer.isSupported:
            report.problem(.placement, "placement needs Linux 5.18 or newer: nothing is placed")
        case .interface:
            report.inform("\(dying): see placement in lbd.yaml(5)", .placedAnswers)
        case .dummy:
            report.inform(
                "\(dying), unless net.ipv4.conf.all.arp_ignore is 1: see placement in lbd.yaml(5)", .placedAnswers)
        }
    }

    private var placement: NodeStatus.Placement? {
        let mode = configuration.placement
        return mode == .none
            ? nil : NodeStatus.Placement(mode: mode.rawValue, addresses: placer.held.map(\.description))
    }

    private func startGossip() throws(Errno) {
        let gossip = try Gossip(
            configuration, kept: state.gossip, loop: loop, report: report,
            save: { [unowned self] contents in
                keep(contents, at: state.gossipPath, "members and the secret of the gossip are")
            },
            deliver: { [unowned self] report in handle(.gossip(report)) })
        self.gossip = gossip
        let beats = try Beats(
            node: configuration.node, number: number, loop: loop,
            post: { [unowned gossip] bytes, audience in gossip.post(bytes, to: audience) },
            receive: { [unowned gossip] in gossip.receiveAll() },
            note: { [unowned gossip] name, address in gossip.note(name, at: address) },
            deliver: { [unowned self] report in handle(.heartbeat(report)) })
        self.beats = beats
        gossip.onDirect = { [unowned self, unowned beats] bytes, source, age in
            if !beats.receive(bytes, from: source, age: age) { handle(.posted(bytes)) }
        }
        gossip.readSecretFile()
    }

    private func startFilesAndCluster() {
        let kubernetes = configuration.kubernetes
        let poolsFile = PoolsFile(
            configuration.pools, mirroring: kubernetes.configMapName, loop: loop, files: files,
            report: report, deliver: { [unowned self] event in handle(event) })
        self.poolsFile = poolsFile
        poolsFile.read(again: true)
        let cluster = Cluster(
            kubernetes, allocation: configuration.allocate, watchesSecret: configuration.gossip.takesClusterSecret,
            loop: loop, report: report,
            onChange: { [unowned self] change in clusterChanged(change) },
            onOutcome: { [unowned self] number, outcome in handle(.wrote(WriteID(number), outcome)) })
        self.cluster = cluster
        cluster.read()
    }

    /// SIGHUP: reads all files again. A setting that other parts were built from takes effect at the next start.
    private func reload() {
        ServiceManager.reloading(monotonicMicroseconds: loop.monotonicMicroseconds)
        do {
            let fresh = try Configuration.load(configurationPath)
            if fresh.needsRestart(after: configuration) {
                report.warn(
                    "the settings have changed; some of them take effect at the next start of lbd", .settingsNeedRestart
                )
            }
            configuration.interfaces = fresh.interfaces
            if isReady { linksChanged(interfaces) }
            report.problem(.settings, nil)
        } catch {
            let first = error.diagnostics.first?.description ?? "\(error)"
            report.problem(.settings, "the settings as they were stay in force: \(first)")
        }
        openStatus()
        poolsFile?.read(again: true)
        gossip?.readSecretFile()
        cluster?.read()
        ServiceManager.ready()
    }

    private func linksChanged(_ fresh: [Interface]) {
        interfaces = fresh
        let links = configuration.interfaces.look(at: fresh)
        responder.update(
            interfaces: links.compactMap { link in
                guard link.interface.isUp, let address = link.interface.macAddress else { return nil }
                return Responder.Interface(
                    index: link.interface.index, hardwareAddress: address, isWireless: link.isWireless)
            })
        let stations = fresh.compactMap { interface in
            interface.isUp
                ? interface.macAddress.map { (interface.index, Resolver.Station($0, addresses: interface.addresses)) }
                : nil
        }
        placer.update(interfaces: fresh)
        asker?.update(interfaces: Dictionary(stations) { $1 })
        detector?.update(interfaces: Dictionary(stations) { $1 }.mapValues(\.hardwareAddress))
        // First, so that the group hears of this node when its network is known.
        handle(.links(links))
        gossip?.linksChanged(links)
        becomeReady()
    }

    private func troubleText(_ errors: [UInt32: Errno]) -> String? {
        guard !errors.isEmpty else { return nil }
        return errors.sorted { $0.key < $1.key }.map { index, error in
            let name = interfaces.first { $0.index == index }?.name ?? "interface \(index)"
            return "nothing is answered on \(name) as it should be: \(error)"
        }.joined(separator: "; ")
    }

    private func clusterChanged(_ change: Change) {
        gossip?.take(change)
        switch change {
        case .upserted(.configMap(let configMap)):
            if let event = poolsFile?.event(for: configMap) { handle(event) }
        case .deleted(.configMap, _):
            poolsFile?.configMapDeleted()
            handle(.change(change))
        default:
            handle(.change(change))
        }
    }

    private func handle(_ event: Balancer.Event) {
        events.append(event)
        while let event = events.begin() {
            let directives = balancer.handle(event, at: loop.now, using: &rng)
            place(directives)
            for directive in directives { carryOut(directive) }
            events.end()
        }
    }

    /// Has the kernel take what is to be answered for, before anybody hears of it.
    private func place(_ directives: [Directive]) {
        for case .take(let claim) in directives { placer.take(claim.address, on: claim.interfaceIndex) }
        placer.settle()
    }

    private func carryOut(_ directive: Directive) {
        switch directive {
        case .write(let id, let write): cluster?.write(id.rawValue, write)
        case .createSecret(let id, let key): cluster?.createSecret(id.rawValue, key)
        case .gossip(let event): gossip?.handle(event)
        case .heartbeat(let event): beats?.handle(event)
        case .post(let bytes, to: let recipient): gossip?.post(bytes, to: recipient)
        case .beat(on: let interfaces): gossip?.beat(on: interfaces)
        case .speak(let speaking): peers?.handle(speaking)
        case .answer(let isOn): answer(isOn)
        case .findGateways(on: let interfaces): findGateways(on: interfaces)
        case .ask(let question): asker?.ask(question)
        case .probe(let probe): detector?.probe(probe)
        case .watch(on: let interfaces): detector?.watched = Set(interfaces)
        case .defend(let claim): responder.defend(claim.address, on: claim.interfaceIndex)
        case .dropConnections(let reason): cluster?.dropConnections(reason: reason)
        case .wake(let instant): deadline?.arm(at: instant)
        case .take(let claim):
            // Once more: it may have been released before that in the same event.
            placer.take(claim.address, on: claim.interfaceIndex)
            responder.take(claim.address, on: claim.interfaceIndex)
        case .announceAll: responder.announceAll()
        case .answerWaiting: responder.answerWaiting()
        case .release(let claim):
            responder.release(claim.address, on: claim.interfaceIndex)
            placer.release(claim.address, on: claim.interfaceIndex)
        case .listen(let ranges):
            responder.listen(for: ranges)
            detector?.listen(for: ranges)
        case .mirror(let text): poolsFile?.mirror(text)
        case .record(let record): report.record(record)
        case .status(let text): report.status(text)
        case .save(let saved): save(saved)
        case .bequeath(let inheritance): bequeath(inheritance)
        case .exit:
            placer.end()
            files.flush(within: .seconds(2))
            loop.exit(0)
        }
    }

    private func answer(_ isOn: Bool) {
        if isOn {
            placer.answer(true)
            placer.settle()
        }
        responder.isMuted = !isOn
        // The kernel would go on answering for what it bears.
        if !isOn { placer.answer(false) }
    }

    private func findGateways(on interfaces: [UInt32]) {
        do throws(Errno) {
            handle(.gateways(try Routes.gateways(on: interfaces)))
        } catch {
            report.warn("\(error): this node does not know its gateways")
            handle(.gateways([]))
        }
    }

    private func bequeath(_ inheritance: Inheritance) {
        placer.keep()
        responder.bequeath()
        detector?.bequeath()
        ServiceManager.synchronize(within: .milliseconds(500))
        files.write(path: runtime.inheritancePath, contents: RuntimeFolder.encode(inheritance), mode: 0o600) {
            [report] result in
            if case .failure(let error) = result {
                report.warn("\(error); the addresses stay unanswered until the API server is heard from")
            }
        }
    }

    private func save(_ saved: Saved) {
        keep(StateFolder.encode(saved), at: state.savedPath, "what is announced is")
    }

    /// Writes a file of the state folder; where that fails, `subject` is not kept.
    private func keep(_ contents: [UInt8], at path: String, _ subject: String) {
        guard state.problem == nil else { return }
        files.write(path: path, contents: contents, mode: 0o600) { [unowned self] result in
            if case .failure(let error) = result {
                report.problem(.state, "\(error); \(subject) not kept over a restart")
            } else {
                report.problem(.state, nil)
            }
        }
    }
}
