import Heartbeat
import SWIM

@testable import Balancer

/// What is wrong with the daemons, on purpose: to see whether the simulation finds it.
struct Planted {
    var balancer: Balancer.Fault = []
    var gossip: SWIM.Fault = []
    var beats: Heartbeat.Fault = []
    var beatTiming = Heartbeat.Timing()

    static let nothing = Planted()
}
