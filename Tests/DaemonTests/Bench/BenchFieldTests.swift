import NIOCore
import NIOPosix
import Testing

@testable import Daemon

@Suite("The clients of a load on its event loops")
struct BenchFieldTests {
  @Test("The sides of a pair share a loop, and pairs are dealt out among all")
  func parts() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let address = try #require(ListenAddress("127.0.0.1:1"))
    let run = BenchRun(plan: BenchPlan(addresses: [address]), token: { $0 }, watched: [])
    let field = try await BenchField<MessageShare>(run, on: Array(group.makeIterator()))
    let loops = field.parts.map { ObjectIdentifier($0.eventLoop) }
    #expect(Set(loops).count == 2)
    let found = (0..<8).map { ObjectIdentifier(field.part(of: $0).eventLoop) }
    #expect(found == [0, 0, 1, 1, 0, 0, 1, 1].map { loops[$0] })
    try await group.shutdownGracefully()
  }
}
