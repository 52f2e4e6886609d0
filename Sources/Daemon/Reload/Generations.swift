import Logging
import NIOCore
import Pipeline
import Synchronization

/// The chains that live: the one in force, and older ones that still hold events.
///
/// A stage is ended when the last chain that has it holds no event any more.
final class Generations: Sendable {
  /// How many older chains may live beside the one in force.
  static let mostOlder = 3
  /// How long an older chain may take to empty before its stages are no longer waited for.
  static let patience = Duration.seconds(30)

  private struct Life {
    let chain: Chain
    /// How many loops may still hold events of it, and one more until its successor's stages are active; `nil` of the one
    /// in force.
    var holders: Int?
  }

  private let lives: Mutex<[Life]>
  private let loops: [LoopGateway]
  private let scheduler: LoopScheduler
  private let logger: Logger

  /// - Parameter first: The chain that the loops begin with.
  init(_ first: Chain, loops: [LoopGateway], scheduler: LoopScheduler, logger: Logger) {
    lives = Mutex([Life(chain: first)])
    self.loops = loops
    self.scheduler = scheduler
    self.logger = logger
  }

  /// The chain in force.
  var current: Chain { lives.withLock { $0[$0.count - 1].chain } }

  /// The revisions of older chains that hold events.
  var older: [Int] { lives.withLock { $0.dropLast().map(\.chain.revision) } }

  /// Puts a chain in force on all loops, with settings of the gateway that belong to it. Returns when new events enter it
  /// everywhere.
  func install(_ next: Chain, _ settings: GatewaySettings) async {
    let last = lives.withLock { lives in
      let last = lives.count - 1
      lives[last].holders = loops.count + 1
      lives.append(Life(chain: next))
      return lives[last].chain
    }
    for loop in loops {
      // It fails only where the loop has ended, with the daemon.
      try? await loop.eventLoop.submit {
        loop.settings = settings
        loop.engine.install(next) { [self] in left(last) }
      }.get()
    }
    let known = Set(last.stages.map { ObjectIdentifier($0.instance) })
    for stage in next.stages where !known.contains(ObjectIdentifier(stage.instance)) {
      stage.instance.stage.activate()
    }
    // Only now: what a stage hands on to its successor it must not take back as one that has none.
    left(last)
    scheduler.after(Self.patience) { [self] in hasten(last.revision) }
  }

  /// Ends all stages, after their last event.
  func shutDown() async {
    let chains = lives.withLock { $0.map(\.chain) }
    var ended: Set<ObjectIdentifier> = []
    for stage in chains.reversed().flatMap({ $0.stages.reversed() })
    where ended.insert(ObjectIdentifier(stage.instance)).inserted {
      await stage.instance.shutDown()
    }
  }

  /// One of its holders has no use for a chain any more.
  private func left(_ chain: Chain) {
    let orphans = lives.withLock { lives -> [StageInstance] in
      guard let index = lives.firstIndex(where: { $0.chain === chain }), let holders = lives[index].holders
      else { return [] }
      lives[index].holders = holders - 1
      guard holders == 1 else { return [] }
      lives.remove(at: index)
      let kept = Set(lives.flatMap { $0.chain.stages.map { ObjectIdentifier($0.instance) } })
      return chain.stages.reversed().map(\.instance).filter { !kept.contains(ObjectIdentifier($0)) }
    }
    guard !orphans.isEmpty else { return }
    Task { for instance in orphans { await instance.shutDown() } }
  }

  private func hasten(_ revision: Int) {
    guard older.contains(revision) else { return }
    logger.warning(
      "an older chain still holds events; its stages are no longer waited for",
      metadata: ["revision": "\(revision)"])
    for loop in loops { loop.eventLoop.execute { loop.engine.hasten(revision) } }
  }
}
