import Testing

@testable import Daemon

@Suite("What bounds connections before anybody knows whose they are")
struct AdmissionTests {
  private let limits = AdmissionLimits()

  /// Whether there was room for one more, which keeps it.
  private func takesOne(of most: Int) -> Bool { Admission(limits, mostUnauthenticated: most) != nil }

  @Test("So many may be unauthenticated, and their places are given back once")
  func unauthenticated() {
    var first = Admission(limits, mostUnauthenticated: 2)
    var second = Admission(limits, mostUnauthenticated: 2)
    #expect(!takesOne(of: 2) && limits.unauthenticatedCount == 2)
    first?.authenticated(in: limits)
    first?.authenticated(in: limits)
    first?.end(in: limits)
    #expect(limits.unauthenticatedCount == 1)
    #expect(takesOne(of: 2) && limits.unauthenticatedCount == 2)
    second?.end(in: limits)
    second?.end(in: limits)
    #expect(limits.unauthenticatedCount == 1)
  }

  @Test("An address may have so many, each counted once")
  func byAddress() {
    func taken(_ admission: inout Admission?, _ address: String?) -> Bool? {
      admission?.count(address.flatMap(IPAddress.init), limit: 2, in: limits)
    }
    var first = Admission(limits, mostUnauthenticated: 100)
    var second = Admission(limits, mostUnauthenticated: 100)
    var third = Admission(limits, mostUnauthenticated: 100)
    let counted = [
      taken(&first, "192.0.2.1"), taken(&first, "192.0.2.1"), taken(&second, "192.0.2.1"),
      taken(&third, "192.0.2.1"), taken(&third, "192.0.2.2"),
    ]
    #expect(counted == [true, true, true, false, true])
    first?.end(in: limits)
    var next = Admission(limits, mostUnauthenticated: 100)
    let afterwards = [taken(&next, "192.0.2.1"), taken(&next, nil)]
    #expect(afterwards == [true, true])
  }
}
