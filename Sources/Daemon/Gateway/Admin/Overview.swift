import NIOCore
import NIOHTTP1
import Pipeline
import PostgresStore
import RedisState
import SQLiteStore
import Services
import Synchronization

/// Gathers what the loops, the store and the state know, for the admin listener.
final class Overview: Sendable {
  private let loops: [LoopGateway]
  private let shared: GatewayShared
  private let live: LiveSettings
  private let letters: DeadLetterBox
  private let generations: Generations
  private let history: ReloadHistory
  private let pushes: PushBook
  private let stageMetrics: StageMetrics
  private let store: any Store
  private let state: any SharedState
  private let follower: FeedFollower?
  private let startedAt = EngineClock.system.wall()

  init(
    loops: [LoopGateway], shared: GatewayShared, live: LiveSettings, letters: DeadLetterBox,
    generations: Generations,
    history: ReloadHistory, pushes: PushBook, metrics: StageMetrics, store: any Store, state: any SharedState,
    follower: FeedFollower?
  ) {
    self.loops = loops
    self.shared = shared
    self.live = live
    self.letters = letters
    self.generations = generations
    self.history = history
    self.pushes = pushes
    stageMetrics = metrics
    self.store = store
    self.state = state
    self.follower = follower
  }

  /// 200 where clients may come, 503 once the daemon is to end. Store and state are not asked: what is wrong with
  /// them is the same on other nodes, so it is no reason to send clients elsewhere.
  var openness: HTTPReply {
    guard shared.isLeaving.load(ordering: .relaxed) else { return .text(.ok, "open\n") }
    return .text(.serviceUnavailable, "draining\n")
  }

  /// 200 where store and state answer and nothing is ending, else 503 with the reasons.
  func readiness() -> EventLoopFuture<HTTPReply> {
    let shared = shared
    return health().map { store, state in
      let draining = shared.isLeaving.load(ordering: .relaxed) ? "draining\n" : ""
      let reasons = (store.map { "store: \($0)\n" } ?? "") + (state.map { "state: \($0)\n" } ?? "") + draining
      return reasons.isEmpty ? .text(.ok, "ready\n") : .text(.serviceUnavailable, reasons)
    }
  }

  /// Whether store and state answer; `nil` of each that does, else why not.
  private func health() -> EventLoopFuture<(store: String?, state: String?)> {
    let loop = loops[0].eventLoop
    let storeAnswer = loop.makePromise(of: String?.self)
    let stateAnswer = loop.makePromise(of: String?.self)
    store.ready { storeAnswer.succeed($0) }
    state.ready { stateAnswer.succeed($0) }
    return storeAnswer.futureResult.and(stateAnswer.futureResult).map { ($0, $1) }
  }

  /// The figures in Prometheus' text format, version 0.0.4.
  func metrics() -> EventLoopFuture<HTTPReply> {
    let (store, state, follower, history, older, letters) = (
      store, state, follower, history.figures, generations.older.count, letters.figures
    )
    let (startedAt, unauthenticated) = (startedAt, shared.admission.unauthenticatedCount)
    let (pushes, stageMetrics) = (pushes.all, stageMetrics.all)
    // Of the backends only what is known already: figures must come also while one of them hangs.
    return LoopFigures.gather(loops).map { total in
      var text = PrometheusText()
      text.process(ProcessFigures(), startedAt: startedAt)
      text.buildInfo(version: Sluice.version)
      text.gauge("sluice_connections", "Open WebSockets.", total.counters.connections)
      text.gauge("sluice_connections_max", "How many may be open.", total.mostConnections)
      text.gauge(
        "sluice_connections_unauthenticated", "Connections, HTTP included, on which nobody is known yet.",
        unauthenticated)
      text.counter("sluice_connections_accepted_total", "WebSockets opened.", total.counters.accepted)
      text.counter(
        "sluice_connections_refused_total", "Connections cut off, since there were too many.",
        total.counters.refusedConnections)
      text.counter(
        "sluice_frames_received_total", "Messages received on WebSockets.", total.counters.framesIn)
      text.counter("sluice_frames_sent_total", "Events sent on WebSockets.", total.counters.framesOut)
      text.gauge(
        "sluice_outbound_waiting_bytes", "What waits until WebSocket clients take it.", total.backlog)
      text.counter("sluice_http_requests_total", "HTTP requests.", total.counters.requests)
      text.counters(
        "sluice_closes_total", "WebSockets closed by the daemon.", label: "code",
        total.counters.closes.sorted { $0.key < $1.key }.map { (String($0.key), $0.value) })
      text.gauge("sluice_events_in_flight", "Events that the chain holds.", total.inFlight)
      text.gauge("sluice_pipeline_revision", "Rises with every reload.", total.revision)
      text.gauge("sluice_pipeline_older_chains", "Replaced chains that still hold events.", older)
      text.gauge(
        "sluice_pipeline_older_chain_events", "Events that replaced chains hold.", total.onOlderChains)
      text.reloads(history)
      text.counter("sluice_dead_letters_kept_total", "Events kept as dead letters.", letters.kept)
      text.counter(
        "sluice_dead_letters_lost_total", "Dead letters that the store did not take.", letters.lost)
      text.counter(
        "sluice_dead_letters_replayed_total", "Dead letters that were tried again and went well.",
        letters.replayed)
      text.stages(total.stages)
      text.own(stageMetrics)
      text.pushes(pushes, at: EngineClock.system.wall())
      if let store = store as? SQLiteStore {
        let figures = store.figures
        text.store(
          commits: figures.commits, writes: figures.writes, failures: figures.failures,
          waiting: store.waitingChanges)
      }
      if let store = store as? PostgresStore {
        let figures = store.figures
        text.store(
          commits: figures.commits, writes: figures.writes, failures: figures.failures,
          waiting: store.waitingChanges)
        text.gauge(
          "sluice_store_connected", "Whether all connections to PostgreSQL are open.",
          store.isConnected ? 1 : 0)
        text.counter("sluice_store_reads_total", "Questions answered by the store.", figures.reads)
        text.counter(
          "sluice_store_read_trips_total", "Trips to the store in which they were.", figures.readTrips)
      }
      if let follower {
        text.counter(
          "sluice_feed_found_total",
          "Deliveries of changes that were found in the feed, since no node had told of them.",
          follower.handedOver)
      }
      if let figures = (state as? RedisState)?.figures { text.state(figures) }
      return .text(.ok, text.text, type: "text/plain; version=0.0.4; charset=utf-8")
    }
  }

  /// The chain in force, with what each of its stages has counted.
  func pipeline() -> EventLoopFuture<HTTPReply> {
    let (plan, history) = (live.plan.value, history.figures)
    return LoopFigures.gather(loops).map { total in
      var writer = JSONObjectWriter(reserving: 1024)
      writer.member("revision", total.revision)
      writer.array("stages", of: plan.entries) { writer, entry in
        total.write(entry, to: &writer)
      }
      if let last = history.last {
        writer.beginObject("lastReload")
        last.write(to: &writer, isOpen: true)
        writer.endObject()
      } else {
        writer.null("lastReload")
      }
      return HTTPReply(status: .ok, body: writer.finish())
    }
  }

  /// All that `sluice top` shows: figures that only rise, for whoever asks again to compare.
  func status() -> EventLoopFuture<HTTPReply> {
    let (plan, history, older, store) = (live.plan.value, history.figures, generations.older.count, store)
    return LoopFigures.gather(loops).and(health()).map { total, health in
      var writer = JSONObjectWriter(reserving: 4096)
      writer.member("version", Sluice.version)
      writer.member("at", EngineClock.system.wall())
      writer.member("monotonicMicroseconds", Int(EngineClock.system.monotonic() / 1000))
      writer.member("revision", total.revision)
      writer.member("olderChains", older)
      writer.member("connections", total.counters.connections)
      writer.member("accepted", Int(total.counters.accepted))
      writer.member("framesIn", Int(total.counters.framesIn))
      writer.member("framesOut", Int(total.counters.framesOut))
      writer.member("requests", Int(total.counters.requests))
      writer.member("inFlight", total.inFlight)
      let process = ProcessFigures()
      writer.member("residentBytes", process.residentBytes)
      writer.member("openFiles", process.openFiles)
      writer.member("cpuMilliseconds", Int(process.cpuSeconds * 1000))
      writer.member("store", health.store ?? "ok")
      writer.member("state", health.state ?? "ok")
      if let commits = store.commitFigures {
        writer.member("commits", Int(commits.commits))
        writer.member("writes", Int(commits.writes))
      }
      writer.member("reloads", Int(history.succeeded))
      writer.member("failedReloads", Int(history.failed))
      if let last = history.last {
        writer.member("lastReload", last.summary)
        writer.member("lastReloadAt", last.at)
      }
      writer.array("stages", of: plan.entries.filter(\.isEnabled)) { writer, entry in
        total.write(entry, to: &writer)
        let latency = total.stages.first { $0.name == entry.name }?.figures.latency ?? Histogram()
        writer.member("buckets", json: "[\(latency.buckets.map(String.init).joined(separator: ","))]".utf8)
      }
      return HTTPReply(status: .ok, body: writer.finish())
    }
  }
}

extension LoopFigures {
  /// Writes what is known of a stage.
  fileprivate func write(_ entry: StageEntry, to writer: inout JSONObjectWriter) {
    writer.member("name", entry.name)
    writer.member("stage", entry.typeName)
    writer.member("enabled", entry.isEnabled)
    guard entry.isEnabled, let figures = stages.first(where: { $0.name == entry.name })?.figures else {
      return
    }
    writer.member("onError", entry.onError.rawValue)
    if entry.enforcement != .full { writer.member("enforce", entry.enforcement.description) }
    writer.member("events", Int(figures.events))
    writer.member("continued", Int(figures.continued))
    writer.member("stopped", Int(figures.stopped))
    writer.member("rejected", Int(figures.rejected))
    writer.member("faults", Int(figures.faults))
    writer.member("timeouts", Int(figures.timeouts))
    if entry.enforcement != .full || figures.unobeyedStops + figures.unobeyedRejections > 0 {
      writer.member("wouldStop", Int(figures.unobeyedStops))
      writer.member("wouldReject", Int(figures.unobeyedRejections))
    }
    let mean = figures.latency.count == 0 ? 0 : figures.latency.sum / figures.latency.count
    writer.member("meanMicroseconds", Int(mean / 1000))
  }
}

extension Store {
  /// What a store has counted of its transactions, where it counts.
  fileprivate var commitFigures: (commits: UInt64, writes: UInt64)? {
    if let figures = (self as? SQLiteStore)?.figures { return (figures.commits, figures.writes) }
    if let figures = (self as? PostgresStore)?.figures { return (figures.commits, figures.writes) }
    return nil
  }
}
