import Varlink

/// The Varlink interface `io.lbd`.
enum StatusInterface {
    /// The socket's name in the runtime folder, such as /run/lbd/io.lbd.
    static let socketName = "io.lbd"
    /// The one method.
    static let getStatus = "io.lbd.GetStatus"

    /// What the daemon says of itself as a Varlink server.
    static let info = ServerInfo(
        vendor: "lbd", product: "lbd", version: version, url: "man:lbd(8)",
        interfaces: [Interface(description: description)])

    /// The reply to a call that is not org.varlink.service's: what `status` gives, made only when it is asked for.
    static func reply(to call: Call, status: () -> NodeStatus) -> Reply {
        guard call.method == getStatus else { return .failure(.methodNotImplemented(call.method)) }
        if let unknown = call.unknownParameter() { return .failure(.invalidParameter(unknown)) }
        return Reply(status())
    }

    /// Says the same as `NodeStatus`.
    private static let description = """
        # How things stand, as one node's lbd sees them.
        interface io.lbd

        # An address that a Service has. owner: the node that answers for it, if one can. advertisers: the nodes that tell
        # routers of it. interfaces: those that this node answers on. announcedSeconds: for how long it has, or has told
        # routers; unset where it does not.
        type Address (
          address: string,
          owner: ?string,
          advertisers: []string,
          interfaces: []string,
          announcedSeconds: ?int
        )

        # A Service of type LoadBalancer that is lbd's to serve. problem: why it has no address, not the one it asks for, or
        # nobody who answers for it.
        type Service (
          namespace: string,
          name: string,
          addresses: []Address,
          readyEndpoints: int,
          problem: ?string
        )

        # A pool in force. protocol: layer2 or bgp. addresses: FIRST-LAST, in order. free: how many it can still give away.
        type Pool (
          name: string,
          protocol: string,
          autoAssign: bool,
          addresses: []string,
          used: int,
          free: int,
          conflicts: []Conflict
        )

        # An address that a host uses which is no node. station: its Ethernet address.
        type Conflict (
          address: string,
          station: string
        )

        # A node with a daemon. addresses: those of its interfaces, with prefix lengths. problem: why it answers for nothing.
        type Member (
          name: string,
          alive: bool,
          addresses: []string,
          problem: ?string
        )

        # A member of the group that gossips. status: alive, suspect, dead or left. address: where it listens, ADDRESS:PORT.
        # seconds: for how long it has stood so. stretch: how many times the usual time it is allowed, since it answers slowly or
        # its link loses packets; unset where it does well.
        type GossipMember (
          name: string,
          status: string,
          address: string,
          seconds: int,
          stretch: ?int
        )

        # Where the node itself bears what it answers for. mode: interface or dummy, as in lbd.yaml. addresses: what it bears.
        type Placement (
          mode: string,
          addresses: []string
        )

        # What has been counted of the gossip since the start, in packets. undecryptable: not encrypted, or with another secret.
        # malformed: what made no sense.
        type GossipTraffic (
          received: int,
          sent: int,
          undecryptable: int,
          malformed: int
        )

        # A router that this node has a BGP session with, or is to have. state: how far the session is (RFC 4271 section 8.2.2).
        # seconds: for how long it has been so. announced, wanted: how many routes it has been told and is to be told.
        # received: how many it has told; they are dropped. capabilities: unless established, none. bfd: Up, Init, Down or
        # AdminDown; unset where it is not used. lastError: why the last session or try ended.
        type Peer (
          address: string,
          port: int,
          asn: int,
          state: string,
          seconds: int,
          announced: int,
          wanted: int,
          received: int,
          capabilities: []string,
          bfd: ?string,
          lastError: ?string
        )

        # The last line of the journal that was a warning or an error.
        type LastError (
          message: string,
          secondsAgo: int
        )

        # Everything at once. node: the one that tells. leader: the one that gives Services their addresses, if known.
        # problems: what is wrong and what to do about it, the worst first. placement: unset where lbd.yaml has none.
        # gossipTraffic: unset while this node does not gossip.
        method GetStatus() -> (
          node: string,
          version: string,
          leader: ?string,
          problems: []string,
          lastError: ?LastError,
          placement: ?Placement,
          services: []Service,
          pools: []Pool,
          members: []Member,
          gossip: []GossipMember,
          gossipTraffic: ?GossipTraffic,
          peers: []Peer
        )

        """
}
