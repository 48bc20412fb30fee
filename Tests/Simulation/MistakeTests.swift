import Testing
import Wire

/// The simulation finds what it is for: mistakes that are planted in the daemons.
@Suite struct MistakeTests {
    @Test(arguments: Mistake.all) func aPlantedMistakeIsFound(mistake: Mistake) {
        let found = mistake.find()
        Log.line("\(mistake.name): \(found.map { "seed \($0.seed), \($0.finding)" } ?? "not found")", at: .zero)
        #expect(found != nil)
    }
}
