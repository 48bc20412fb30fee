import SWIM
import Testing

@Suite struct DeadTests {
    /// memberlist tells a leave from a death by who says it.
    @Test func aMemberThatTellsOfItselfHasLeft() {
        #expect(Dead(incarnation: 1, node: "gooseberry", from: "gooseberry").isLeave)
        #expect(!Dead(incarnation: 1, node: "gooseberry", from: "raspberry").isLeave)
    }
}
