import NIOCore
import NIOPosix

/// Drives a load from beginning to end.
struct BenchRun {
  let plan: BenchPlan
  /// Makes the token of a user.
  let token: @Sendable (String) throws -> String
  /// Processes whose use of the machine is looked at.
  let watched: [Int32]

  /// - Throws: `CommandError` where the clients can't connect.
  func run() async throws -> BenchReport {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: plan.loops)
    do {
      let report = try await run(on: Array(group.makeIterator()))
      try await group.shutdownGracefully()
      return report
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
  }

  private func run(on eventLoops: [any EventLoop]) async throws -> BenchReport {
    switch plan.load {
    case .pairs, .hotReceiver: try await MessageLoad(BenchField(self, on: eventLoops)).run()
    case .presence(let watchers, let changes):
      try await PresenceLoad(BenchField(self, on: eventLoops), watchers: watchers, changesPerSecond: changes)
        .run()
    case .storm(let clients, let missed):
      try await StormLoad(BenchField(self, on: eventLoops), clients: clients, missed: missed).run()
    }
  }
}
