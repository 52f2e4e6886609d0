import Testing

@testable import Daemon

@Suite("What bounds connections before anybody knows whose they are")
struct AdmissionTests {
  @Test("So many may be unauthenticated, and their places are given back once")
  func unauthenticated() throws {
    let limits = AdmissionLimits()
    let first = try #require(Admission(limits, mostUnauthenticated: 2))
    let second = try #require(Admission(limits, mostUnauthenticated: 2))
    #expect(Admission(limits, mostUnauthenticated: 2) == nil)
    first.authenticated()
    first.authenticated()
    first.end()
    #expect(limits.unauthenticatedCount == 1)
    let third = Admission(limits, mostUnauthenticated: 2)
    #expect(third != nil && limits.unauthenticatedCount == 2)
    second.end()
    third?.end()
    #expect(limits.unauthenticatedCount == 0)
  }

  @Test("An address may have so many, each counted once")
  func byAddress() throws {
    let limits = AdmissionLimits()
    let address = IPAddress("192.0.2.1")
    let some = (0..<3).compactMap { _ in Admission(limits, mostUnauthenticated: 100) }
    #expect(some[0].count(address, limit: 2) && some[0].count(address, limit: 2))
    #expect(some[1].count(address, limit: 2))
    #expect(!some[2].count(address, limit: 2))
    #expect(some[2].count(IPAddress("192.0.2.2"), limit: 2))
    some[0].end()
    let next = try #require(Admission(limits, mostUnauthenticated: 100))
    #expect(next.count(address, limit: 2))
    #expect(next.count(nil, limit: 2))
  }
}
