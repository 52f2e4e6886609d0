import Testing

@testable import Daemon

@Suite("Logging of faults")
struct FaultCountsTests {
  @Test("One a second of each stage is logged, and says how many were not")
  func counts() {
    let (counts, start) = (FaultCounts(), ContinuousClock.now)
    #expect(counts.note("a", at: start) == 0)
    #expect(counts.note("a", at: start + .milliseconds(1)) == nil)
    #expect(counts.note("a", at: start + .milliseconds(999)) == nil)
    #expect(counts.note("b", at: start + .milliseconds(999)) == 0)
    #expect(counts.note("a", at: start + .seconds(1)) == 2)
    #expect(counts.note("a", at: start + .seconds(3)) == 0)
  }
}
