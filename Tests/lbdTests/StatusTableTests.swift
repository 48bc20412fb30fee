import Balancer
import FoundationEssentials
import Testing
import Varlink

@testable import lbd

@Suite struct StatusTableTests {
    /// The status in `json`, as a daemon sends it.
    static func status(_ json: String) throws -> NodeStatus {
        try JSONDecoder().decode(NodeStatus.self, from: Data(json.utf8))
    }

    private static let busy = #"""
        {"node":"gooseberry","version":"1.2","leader":"blackberry","problems":["new pools refused: ConfigMap \#
        metallb-system/config:4:5: error: the range 192.168.2.128-192.168.2.255 overlaps with another one"],
        "lastError":{"message":"node \"raspberry\" is dead: its Lease was not renewed for 40 s","secondsAgo":125},
        "placement":{"mode":"dummy","addresses":["192.168.2.128"]},
        "services":[
        {"namespace":"default","name":"db","addresses":[{"address":"192.168.2.129","owner":"blackberry",\#
        "advertisers":[],"interfaces":[]}],"readyEndpoints":1},
        {"namespace":"default","name":"new","addresses":[],"readyEndpoints":12,
        "problem":"no free IPv4 address in any pool with auto-assign"},
        {"namespace":"kube-verify","name":"web","addresses":[{"address":"192.168.2.128","owner":"gooseberry",\#
        "advertisers":[],"interfaces":["eth0","eth1"],"announcedSeconds":7300},{"address":"fd00::128","advertisers":["blackberry","raspberry"],"interfaces":[]}],
        "readyEndpoints":3}],
        "pools":[{"name":"home","protocol":"layer2","autoAssign":true,"addresses":["192.168.2.128-192.168.2.255"],\#
        "used":2,"free":125,"conflicts":[{"address":"192.168.2.131","station":"b8:27:eb:12:34:56"}]},{"name":"six","protocol":"bgp","autoAssign":false,"addresses":["fd00::1-fd00::ffff",\#
        "fd01::1-fd02::1"],"used":0,"free":9223372036854775807,"conflicts":[]}],
        "members":[{"name":"blackberry","alive":true,"addresses":["10.77.0.12/24","192.168.2.12/24"]},
        {"name":"raspberry","alive":false,"addresses":[],"problem":"there is no Node of this name"}],
        "gossip":[{"name":"blackberry","status":"alive","address":"192.168.2.12:7946","seconds":7300,"stretch":3},
        {"name":"raspberry","status":"dead","address":"[fd00::13]:7946","seconds":4}],
        "gossipTraffic":{"received":3,"sent":4,"undecryptable":1,"malformed":0},
        "peers":[{"address":"192.168.2.1","port":179,"asn":64513,"state":"Established","seconds":7300,"announced":3,\#
        "wanted":4,"received":0,"capabilities":["IPv4 unicast","route refresh"],"bfd":"Up"},
        {"address":"fd00::1","port":179,"asn":4200000000,"state":"Active","seconds":5,"announced":0,"wanted":4,\#
        "received":0,"capabilities":[],"lastError":"cannot connect: Connection refused"}]}
        """#

    @Test func everythingHasItsPlace() throws {
        #expect(
            StatusTable.text(of: try Self.status(Self.busy)) == """
                lbd 1.2 on gooseberry; blackberry leads; 1 of 2 nodes alive; bears 1 address (dummy)

                Problem: new pools refused: ConfigMap metallb-system/config:4:5: error: the range
                  192.168.2.128-192.168.2.255 overlaps with another one

                SERVICE          ADDRESS        OWNER       ON         FOR  READY
                default/db       192.168.2.129  blackberry                      1
                default/new      none                                          12
                  no free IPv4 address in any pool with auto-assign
                kube-verify/web  192.168.2.128  gooseberry  eth0,eth1  2 h      3
                                 fd00::128      2 nodes

                POOL  PROTOCOL  USED    FREE  ADDRESSES
                home  layer2       2     125  192.168.2.128-192.168.2.255
                  other hosts use 192.168.2.131 (b8:27:eb:12:34:56)
                six   bgp          0  > 10^9  fd00::1-fd00::ffff
                                              fd01::1-fd02::1
                  only for Services that ask for it

                NODE        LBD    ADDRESSES
                blackberry  alive  10.77.0.12/24
                                   192.168.2.12/24
                raspberry   dead
                  there is no Node of this name

                ROUTER               AS  BGP          BFD  FOR  ROUTES
                192.168.2.1       64513  Established  Up   2 h     3/4
                  IPv4 unicast, route refresh
                fd00::1      4200000000  Active            5 s     0/4
                  cannot connect: Connection refused

                MEMBER      GOSSIP  FOR  AT
                blackberry  alive   2 h  192.168.2.12:7946
                  slow, or its link loses packets: it is given 3 times the usual time
                raspberry   dead    4 s  [fd00::13]:7946

                Last error, 2 min ago: node "raspberry" is dead: its Lease was not renewed for 40 s
                """)
    }

    /// Where the machine knows who has made a host that is in the way.
    @Test func makersAreNamed() throws {
        let text = StatusTable.text(of: try Self.status(Self.busy)) { "\($0), Raspberry Pi Foundation" }
        #expect(text.contains("other hosts use 192.168.2.131 (b8:27:eb:12:34:56, Raspberry Pi Foundation)"))
    }

    @Test func aFreshNodeSaysWhatIsMissingOnce() throws {
        let json = #"""
            {"node":"pi","version":"1","problems":["no pools"],"lastError":{"message":"no pools","secondsAgo":1},
            "services":[],"pools":[],"members":[],"gossip":[],"peers":[]}
            """#
        #expect(
            StatusTable.text(of: try Self.status(json)) == """
                lbd 1 on pi; nobody leads; 0 of 0 nodes alive

                Problem: no pools

                No Service of type LoadBalancer is known.
                """)
    }

    /// Names of pools are free text, and an API server's messages are anybody's.
    @Test func nothingSteersTheTerminal() throws {
        let json = #"""
            {"node":"pi","version":"1","problems":["a\u001b[2Jb"],"services":[],"members":[],"gossip":[],"peers":[],
            "pools":[{"name":"x\u0007\ny","protocol":"bgp","autoAssign":true,"addresses":[],"used":0,"free":0,"conflicts":[]}]}
            """#
        let text = StatusTable.text(of: try Self.status(json))
        #expect(text.contains(#"a\u{1b}[2Jb"#) && text.contains(#"x\u{7}\u{a}y"#))
    }

    @Test(arguments: [
        (0, "0 s"), (119, "119 s"), (120, "2 min"), (7_199, "119 min"), (7_200, "2 h"), (172_799, "47 h"),
        (172_800, "2 d"),
    ])
    func agesAreInTheLargestUnitThatSaysEnough(seconds: Int, text: String) {
        #expect(StatusTable.age(seconds) == text)
    }

    /// The reply bears what the interface's description says, and nothing else.
    @Test func theReplyIsAsDescribed() throws {
        let description = try #require(StatusInterface.info.interfaces.first?.description)
        let types = Described.types(in: description)
        #expect(
            types.keys.sorted() == [
                "Address", "Conflict", "GetStatus", "GossipMember", "GossipTraffic", "LastError", "Member", "Peer",
                "Placement", "Pool", "Service",
            ])
        let status = try Self.status(Self.busy)
        guard case .success(let bytes) = StatusInterface.reply(to: Call("io.lbd.GetStatus"), status: { status }) else {
            Issue.record("no reply")
            return
        }
        let json = try JSONDecoder().decode(Described.JSON.self, from: Data(bytes))
        #expect(Described.mismatches(of: json, with: "GetStatus", in: types) == [])
        // The comparison finds what it is for.
        #expect(Described.mismatches(of: .object([:]), with: "LastError", in: types).count == 2)
        #expect(
            Described.mismatches(
                of: .object(["message": .integer(1), "secondsAgo": .integer(1), "more": .text("")]), with: "LastError",
                in: types
            ).count == 2)
    }

    @Test func parametersAndOtherMethodsAreRefused() throws {
        var call = try Call(message: Array(#"{"method":"io.lbd.GetStatus","parameters":{"x":1}}"#.utf8))
        let status = try Self.status(Self.busy)
        #expect(StatusInterface.reply(to: call) { status } == .failure(.invalidParameter("x")))
        call = Call("io.lbd.Other")
        #expect(StatusInterface.reply(to: call) { status } == .failure(.methodNotImplemented("io.lbd.Other")))
    }
}
