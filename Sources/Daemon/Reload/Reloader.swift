import Logging
import NIOPosix
import Pipeline
import Services

/// Puts a changed file in force, or says why not; one reload at a time.
///
/// The new chain is read, checked and started whole before anything changes, so that a reload that fails changes
/// nothing. Reloads that are asked for during one are answered together by the next.
actor Reloader {
  /// Reads and checks the file anew; blocks while it does.
  typealias Load = @Sendable () -> LoadedConfiguration

  private let load: Load
  private let assembly: ChainAssembly
  private let generations: Generations
  private let live: LiveSettings
  private let clock: EngineClock
  private let logger: Logger
  private let started: LoadedConfiguration.Content
  private var inForce: LoadedConfiguration.Content
  private var isBusy = false
  private var isEnding = false
  private var waiting: [CheckedContinuation<ReloadVerdict, Never>] = []
  /// Told of the beginning and the end of each reload.
  private let watcher: @Sendable (ReloadVerdict?) -> Void

  /// - Parameters:
  ///   - content: What is in force since the start.
  ///   - watcher: Told `nil` where a reload begins, and the verdict where it has ended.
  init(
    _ content: LoadedConfiguration.Content, load: @escaping Load, assembly: ChainAssembly,
    generations: Generations, live: LiveSettings, clock: EngineClock, logger: Logger,
    watcher: @escaping @Sendable (ReloadVerdict?) -> Void
  ) {
    started = content
    inForce = content
    self.load = load
    self.assembly = assembly
    self.generations = generations
    self.live = live
    self.clock = clock
    self.logger = logger
    self.watcher = watcher
  }

  /// Reads the file again and puts it in force. Returns when new events enter the new chain, or when it is known why they
  /// do not.
  @discardableResult
  func reload() async -> ReloadVerdict {
    await withCheckedContinuation { continuation in
      waiting.append(continuation)
      guard !isBusy else { return }
      isBusy = true
      Task { await run() }
    }
  }

  /// Puts nothing in force any more: the daemon is ending.
  func end() { isEnding = true }

  /// What a reload would do now: the report of the file's faults and, where there are no errors, the changes.
  ///
  /// - Throws: ``Rejection`` where the daemon is ending.
  func plan() async throws -> (diagnostics: String, changes: [ReloadChange]?) {
    guard let loaded = await read() else { throw Rejection(.unavailable, "the daemon is ending") }
    return (loaded.report.text, loaded.content.map { changes(to: $0) })
  }

  private func run() async {
    while !waiting.isEmpty {
      let served = waiting
      waiting = []
      watcher(nil)
      let verdict = await perform()
      log(verdict)
      watcher(verdict)
      for continuation in served { continuation.resume(returning: verdict) }
    }
    isBusy = false
  }

  private func perform() async -> ReloadVerdict {
    guard !isEnding else { return failed("the daemon is ending") }
    guard let loaded = await read() else { return failed("the daemon is ending") }
    guard let content = loaded.content else {
      let count = loaded.faults.count { $0.severity == .error }
      return failed("the file has \(count == 1 ? "a fault" : "\(count) faults")", loaded.report.text)
    }
    let older = generations.older
    guard older.count < Generations.mostOlder else {
      let list = older.map(String.init).joined(separator: ", ")
      return failed(
        "revisions \(list) still hold events; reload again when they have ended", loaded.report.text)
    }
    let changes = changes(to: content)
    let last = generations.current
    let revision = last.revision + 1
    let patience = content.daemon.reloadTimeout
    do {
      let assembly = assembly
      let next = try await Deadline.run(within: patience) {
        try await assembly.chain(content.daemon, content.plan, following: last, revision: revision)
      } late: { chain in
        await Self.end(chain, but: last)
      }
      guard !isEnding else {
        await Self.end(next, but: last)
        return failed("the daemon is ending")
      }
      do throws(TLSFiles.Fault) {
        try await live.take(content)
      } catch {
        await Self.end(next, but: last)
        return failed("\(error)", loaded.report.text)
      }
      await generations.install(next, content.daemon.gatewaySettings)
      refresh(next, keptFrom: last)
    } catch is Deadline.Passed {
      return failed("the stages have not started within \(patience)", loaded.report.text)
    } catch {
      return failed("\(error)", loaded.report.text)
    }
    inForce = content
    return ReloadVerdict(
      result: .ok, revision: revision, at: clock.wall(), diagnostics: loaded.report.text, changes: changes)
  }

  /// Reading blocks, which no thread that runs tasks may.
  private func read() async -> LoadedConfiguration? {
    let load = load
    return try? await NIOThreadPool.singleton.runIfActive { load() }
  }

  private func changes(to next: LoadedConfiguration.Content) -> [ReloadChange] {
    ReloadPlan(from: inForce, generations.current, startedWith: started, to: next).changes
  }

  private func failed(_ reason: String, _ diagnostics: String = "") -> ReloadVerdict {
    ReloadVerdict(
      result: .failed, revision: generations.current.revision, at: clock.wall(), error: reason,
      diagnostics: diagnostics)
  }

  /// Ends the stages that were started for a chain that does not come into force.
  private static func end(_ chain: Chain, but last: Chain) async {
    let kept = Set(last.stages.map { ObjectIdentifier($0.instance) })
    for stage in chain.stages.reversed() where !kept.contains(ObjectIdentifier(stage.instance)) {
      await stage.instance.shutDown()
    }
  }

  /// Has kept stages fetch again what they have fetched; nobody waits for another server.
  private func refresh(_ next: Chain, keptFrom last: Chain) {
    let known = Set(last.stages.map { ObjectIdentifier($0.instance) })
    for stage in next.stages where known.contains(ObjectIdentifier(stage.instance)) {
      Task { await stage.instance.stage.refresh() }
    }
  }

  private func log(_ verdict: ReloadVerdict) {
    var facts: Logger.Metadata = ["result": "\(verdict.result.rawValue)", "revision": "\(verdict.revision)"]
    guard verdict.result == .ok else {
      facts["error"] = "\(verdict.error ?? "")"
      // Each fault with its place, as a line of its own.
      for line in verdict.faultLines.prefix(20) { logger.error("\(line)") }
      return logger.error("reload failed; the old chain stays", metadata: facts)
    }
    let hot = verdict.changes.filter { $0.effect != .restart }.map(\.path)
    if !hot.isEmpty { facts["changed"] = "\(hot.joined(separator: ", "))" }
    logger.notice("reloaded", metadata: facts)
    for change in verdict.needingRestart {
      logger.warning(
        "a change needs a restart", metadata: ["key": "\(change.path)", "change": "\(change.detail)"])
    }
  }
}
