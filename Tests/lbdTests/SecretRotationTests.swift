import Testing
import Wire

@testable import lbd

extension SecretRotation {
    /// All that is accepted: first what is used for sending.
    fileprivate var accepted: [[UInt8]] { [current].compactMap { $0 } + others }
}

@Suite struct SecretRotationTests {
    private static let (old, new, third): ([UInt8], [UInt8], [UInt8]) = ([1], [2], [3])

    private func after(_ seconds: Int) -> Instant { Instant.zero.advanced(by: .seconds(seconds)) }

    @Test func theFirstSecretIsUsedAtOnce() {
        var rotation = SecretRotation(kept: [], at: .zero)
        #expect(rotation.accepted.isEmpty && rotation.current == nil)
        rotation.take(Self.old, at: .zero)
        #expect(rotation.accepted == [Self.old])
        #expect(rotation.nextDeadline == nil)
        rotation.take(Self.old, at: after(1))
        #expect(rotation.accepted == [Self.old])
    }

    @Test func aNewSecretIsAcceptedThenUsedThenAlone() {
        var rotation = SecretRotation(kept: [], at: .zero)
        rotation.take(Self.old, at: .zero)
        rotation.take(Self.new, at: after(100))
        #expect(rotation.accepted == [Self.old, Self.new])
        #expect(rotation.kept == [Self.new, Self.old])
        #expect(rotation.nextDeadline == after(110))
        rotation.advance(to: after(109))
        #expect(rotation.current == Self.old)
        rotation.advance(to: after(110))
        #expect(rotation.accepted == [Self.new, Self.old])
        #expect(rotation.nextDeadline == after(710))
        rotation.advance(to: after(709))
        #expect(rotation.accepted == [Self.new, Self.old])
        rotation.advance(to: after(710))
        #expect(rotation.accepted == [Self.new])
        #expect(rotation.nextDeadline == nil)
    }

    /// Whoever was away for long finds the others with the new secret alone.
    @Test func whatWasKeptOverABootGivesWayAtOnce() {
        var rotation = SecretRotation(kept: [Self.old], at: .zero)
        #expect(rotation.accepted == [Self.old])
        rotation.take(Self.new, at: after(1))
        #expect(rotation.accepted == [Self.new, Self.old])
        rotation.take(Self.third, at: after(2))
        #expect(rotation.accepted == [Self.new, Self.third, Self.old])
    }

    @Test func whatWasKeptAndIsConfirmedIsRotatedFromAsAnyOther() {
        var rotation = SecretRotation(kept: [Self.old, Self.third], at: .zero)
        rotation.take(Self.old, at: after(1))
        #expect(rotation.accepted == [Self.old, Self.third])
        rotation.take(Self.new, at: after(2))
        #expect(rotation.current == Self.old)
    }

    @Test func aRotationThatIsTakenBackLeavesTheSecretInUse() {
        var rotation = SecretRotation(kept: [], at: .zero)
        rotation.take(Self.old, at: .zero)
        rotation.take(Self.new, at: after(1))
        rotation.take(Self.old, at: after(2))
        #expect(rotation.accepted == [Self.old, Self.new])
        rotation.advance(to: after(60))
        #expect(rotation.current == Self.old)
    }

    @Test func aSecretThatComesBackIsNotAcceptedTwice() {
        var rotation = SecretRotation(kept: [], at: .zero)
        rotation.take(Self.old, at: .zero)
        rotation.take(Self.new, at: after(1))
        rotation.advance(to: after(20))
        rotation.take(Self.old, at: after(21))
        #expect(rotation.accepted == [Self.new, Self.old])
        rotation.advance(to: after(40))
        #expect(rotation.accepted == [Self.old, Self.new])
    }

    @Test func noMoreThanFourAreAccepted() {
        var rotation = SecretRotation(kept: [], at: .zero)
        for number in 0..<20 {
            rotation.take([UInt8(number)], at: after(number * 15))
            #expect(rotation.accepted.count <= SecretRotation.maximumCount)
        }
        let kept = SecretRotation(kept: (0..<20).map { [UInt8($0)] }, at: .zero)
        #expect(kept.accepted == [[0], [1], [2]])
    }
}
