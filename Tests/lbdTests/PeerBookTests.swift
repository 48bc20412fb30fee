import SWIM
import Testing
import Wire

@testable import lbd

@Suite struct PeerBookTests {
    private func book(
        configured: [String] = [], families: [AddressFamily] = [.ipv4, .ipv6], remembered: [String: String] = [:]
    ) -> PeerBook {
        PeerBook(
            configured: configured.compactMap { SocketAddress($0) }, port: 7946, families: families,
            remembered: remembered.compactMapValues { SocketAddress($0) })
    }

    private func member(_ name: String, _ address: String, _ status: Member.Status = .alive) throws -> Member {
        Member(name: name, address: try #require(SocketAddress(address)), status: status)
    }

    /// One of ours.
    private func daemon(_ name: String, _ address: String, _ status: Member.Status = .alive) throws -> Member {
        Member(
            name: name, address: try #require(SocketAddress(address)), metadata: Member.mark + [1], status: status)
    }

    private func addresses(_ texts: String...) -> [IPAddress] { texts.compactMap { IPAddress($0) } }

    private func seeds(_ book: PeerBook, own: String...) -> [String] {
        book.seeds(own: Set(own.compactMap { IPAddress($0) })).map(\.description)
    }

    @Test func membersAreLookedForInAllThreePlaces() throws {
        var book = book(
            configured: ["10.0.0.5:7950", "10.0.0.1:7946"], remembered: ["c": "10.0.0.3:7946", "b": "10.0.0.2:7946"])
        book.update(node: "b", addresses("10.0.0.2", "fd00::2"))
        book.update(node: "d", addresses("10.0.0.4"))
        #expect(
            seeds(book, own: "10.0.0.1") == [
                "10.0.0.2:7946", "10.0.0.3:7946", "10.0.0.4:7946", "10.0.0.5:7950", "[fd00::2]:7946",
            ])
    }

    @Test(arguments: [(AddressFamily.ipv4, "10.0.0.2:7946"), (.ipv6, "[fd00::2]:7946")])
    func nodesAreLookedForWhereThisOneCanReachThem(_ family: AddressFamily, _ seed: String) {
        var book = book(families: [family])
        book.update(node: "b", addresses("10.0.0.2", "fd00::2"))
        #expect(seeds(book) == [seed])
    }

    @Test func whoIsThereIsNotLookedFor() throws {
        var book = book(configured: ["10.0.0.5:7950"], remembered: ["c": "10.0.0.3:7946"])
        book.update(node: "d", addresses("10.0.0.4"))
        // By its name where it listens elsewhere than its Node says.
        book.update(try member("d", "10.9.9.4:7946"), at: .zero)
        book.update(try member("c", "10.0.0.3:7946"), at: .zero)
        #expect(seeds(book) == ["10.0.0.5:7950"], "what is configured bears no name")
        book.update(try member("c", "10.0.0.3:7946", .suspect), at: .zero)
        book.update(try member("d", "10.9.9.4:7946", .dead), at: .zero)
        #expect(seeds(book) == ["10.0.0.3:7946", "10.0.0.4:7946", "10.0.0.5:7950", "10.9.9.4:7946"])
        book.update(node: "d", nil)
        #expect(seeds(book) == ["10.0.0.3:7946", "10.0.0.5:7950", "10.9.9.4:7946"])
    }

    @Test func anotherPortOfThisHostIsLookedFor() {
        let book = book(configured: ["10.0.0.1:7946", "10.0.0.1:7950"])
        #expect(seeds(book, own: "10.0.0.1") == ["10.0.0.1:7950"])
    }

    @Test func membersAreRememberedWhereTheyWereSeenUntilTheGroupForgetsThem() throws {
        var book = book(remembered: ["c": "10.0.0.3:7946"])
        book.update(try member("b", "10.0.0.2:7946"), at: .zero)
        book.update(try member("c", "10.0.0.9:7946", .suspect), at: .zero)
        #expect(book.remembered["c"]?.description == "10.0.0.3:7946")
        book.update(try member("c", "10.0.0.9:7946"), at: .zero)
        book.update(try member("b", "10.0.0.2:7946", .left), at: .zero)
        #expect(book.remembered.mapValues(\.description) == ["b": "10.0.0.2:7946", "c": "10.0.0.9:7946"])
        book.forget("b")
        #expect(book.remembered.keys.sorted() == ["c"])
    }

    @Test func noMoreAreRememberedThanThereMayBe() throws {
        var book = book()
        for number in 0..<100 { book.update(try member("n\(number)", "10.0.0.\(number):7946"), at: .zero) }
        #expect(book.remembered.count == PeerBook.maximumRemembered)
        book.update(try member("n0", "10.1.1.1:7946"), at: .zero)
        #expect(book.remembered["n0"]?.description == "10.1.1.1:7946")
    }

    @Test func thereIsALimit() {
        var book = book()
        for number in 0..<1_000 {
            book.update(node: "n\(number)", addresses("10.0.\(number / 250).\(number % 250)"))
        }
        #expect(seeds(book).count == PeerBook.maximumSeeds)
    }

    // MARK: What is kept

    @Test func whatIsKeptIsReadAgain() throws {
        let kept = KeptGossip(
            secrets: [Array("a/b\n".utf8), [0, 255]],
            peers: [
                "b": try #require(SocketAddress("10.0.0.2:7946")), "c": try #require(SocketAddress("[fd00::1]:1")),
            ],
            address: IPAddress("10.0.0.1"))
        #expect(KeptGossip(kept.encoded) == kept)
    }

    @Test(arguments: ["", "{}", "[]", "{\"secrets\":[\"?\"],\"peers\":{}}", "{\"secrets\":[],\"peers\":[]}"])
    func whatIsNoSuchFileIsRefused(text: String) {
        #expect(KeptGossip(Array(text.utf8)) == nil)
    }

    @Test func entriesWithoutSenseAreLeftOut() {
        let text = #"{"secrets":["","YQ=="],"peers":{"b":"somewhere","c":"10.0.0.3:7946"}}"#
        let kept = KeptGossip(Array(text.utf8))
        #expect(kept?.secrets == [[97]])
        #expect(kept?.peers.keys.sorted() == ["c"])
    }

    /// A daemon that has just begun answers those that it hears before they are members of its group.
    @Test func whoIsHeardCanBeAnswered() throws {
        var book = book()
        #expect(book.address(of: "b") == nil)
        #expect(book.hear("b", at: try #require(SocketAddress("10.0.0.2:7946"))))
        #expect(book.address(of: "b")?.description == "10.0.0.2:7946")
        #expect(book.addressesOfOurs == [])
        #expect(seeds(book) == ["10.0.0.2:7946"], "it is joined")
        book.update(try member("b", "10.0.0.9:7946"), at: .zero)
        #expect(!book.hear("b", at: try #require(SocketAddress("10.0.0.2:7946"))))
        #expect(book.address(of: "b")?.description == "10.0.0.9:7946", "what the group tells is better")
        book.forget("b")
        #expect(book.address(of: "b") == nil)
    }

    /// Whoever was only cut off is to hear it at once when that is over, also where each is sent its own beats.
    @Test func theDeadAreBeatenForAnHour() throws {
        var book = book()
        let there = try #require(SocketAddress("10.0.0.2:7946"))
        let hour = Instant.zero.advanced(by: .seconds(3600))
        book.update(try daemon("b", "10.0.0.2:7946"), at: .zero)
        book.update(try member("c", "10.0.0.3:7946"), at: .zero)
        #expect(book.addressesToBeat(at: .zero) == [there])
        book.update(try daemon("b", "10.0.0.2:7946", .dead), at: .zero)
        book.update(try member("c", "10.0.0.3:7946", .dead), at: .zero)
        #expect(book.addressesOfOurs == [] && book.addressesToBeat(at: .zero) == [there])
        // The gossip forgets it sooner, and may tell it again meanwhile.
        book.update(try daemon("b", "10.0.0.2:7946", .dead), at: .zero.advanced(by: .seconds(20)))
        book.forget("b")
        #expect(book.addressesToBeat(at: hour.advanced(by: .seconds(-1))) == [there])
        #expect(book.addressesToBeat(at: hour) == [])
        book.update(try daemon("b", "10.0.0.2:7946"), at: .zero)
        #expect(book.addressesToBeat(at: .zero) == [there])
        book.update(try daemon("b", "10.0.0.2:7946", .left), at: .zero)
        #expect(book.addressesToBeat(at: .zero) == [])
    }

    @Test func notEverybodyIsRemembered() throws {
        var book = book()
        for number in 0..<(PeerBook.maximumRemembered + 10) {
            _ = book.hear("n\(number)", at: try #require(SocketAddress("10.0.0.2:\(1000 + number)")))
        }
        #expect((0..<100).count { book.address(of: "n\($0)") != nil } == PeerBook.maximumRemembered)
    }
}
