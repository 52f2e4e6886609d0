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
  private let plan: ChainPlan
  private let store: any Store
  private let state: any SharedState
  private let follower: FeedFollower?

  init(
    loops: [LoopGateway], shared: GatewayShared, plan: ChainPlan, store: any Store, state: any SharedState,
    follower: FeedFollower?
  ) {
    self.follower = follower
    self.loops = loops
    self.shared = shared
    self.plan = plan
    self.store = store
    self.state = state
  }

  /// What one loop has counted.
  private struct LoopFigures: Sendable {
    var counters: GatewayCounters
    var stages: [StageFigures]
    var names: [String]
    var inFlight: Int
    var revision: Int
  }

  /// 200 where store and state answer and nothing is ending, else 503 with the reasons.
  func readiness() -> EventLoopFuture<HTTPReply> {
    let loop = loops[0].eventLoop
    let storeAnswer = loop.makePromise(of: String?.self)
    let stateAnswer = loop.makePromise(of: String?.self)
    store.ready { storeAnswer.succeed($0.map { "store: \($0)\n" }) }
    state.ready { stateAnswer.succeed($0.map { "state: \($0)\n" }) }
    let shared = shared
    return storeAnswer.futureResult.and(stateAnswer.futureResult).map { store, state in
      let draining = shared.isDraining.load(ordering: .relaxed) ? "draining\n" : ""
      let reasons = (store ?? "") + (state ?? "") + draining
      return reasons.isEmpty ? .text(.ok, "ready\n") : .text(.serviceUnavailable, reasons)
    }
  }

  /// The figures in Prometheus' text format, version 0.0.4.
  func metrics() -> EventLoopFuture<HTTPReply> {
    let (store, state, follower) = (store, state, follower)
    return gather().map { total in
      var text = PrometheusText()
      text.gauge("sluice_connections", "Open WebSockets.", total.counters.connections)
      text.counter("sluice_connections_accepted_total", "WebSockets opened.", total.counters.accepted)
      text.counter(
        "sluice_connections_refused_total", "Connections cut off, since there were too many.",
        total.counters.refusedConnections)
      text.counter(
        "sluice_frames_received_total", "Messages received on WebSockets.", total.counters.framesIn)
      text.counter("sluice_frames_sent_total", "Events sent on WebSockets.", total.counters.framesOut)
      text.counter("sluice_http_requests_total", "HTTP requests.", total.counters.requests)
      text.counters(
        "sluice_closes_total", "WebSockets closed by the daemon.", label: "code",
        total.counters.closes.sorted { $0.key < $1.key }.map { (String($0.key), $0.value) })
      text.gauge("sluice_events_in_flight", "Events that the chain holds.", total.inFlight)
      text.gauge("sluice_pipeline_revision", "Rises with every reload.", total.revision)
      text.stages(Array(zip(total.names, total.stages)))
      if let figures = (store as? SQLiteStore)?.figures {
        text.store(commits: figures.commits, writes: figures.writes, failures: figures.failures)
      }
      if let figures = (store as? PostgresStore)?.figures {
        text.store(commits: figures.commits, writes: figures.writes, failures: figures.failures)
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
    let plan = plan
    return gather().map { total in
      var writer = JSONObjectWriter(reserving: 1024)
      writer.member("revision", total.revision)
      writer.array("stages", of: plan.entries) { writer, entry in
        writer.member("name", entry.name)
        writer.member("stage", entry.typeName)
        writer.member("enabled", entry.isEnabled)
        guard let index = total.names.firstIndex(of: entry.name), entry.isEnabled else { return }
        let figures = total.stages[index]
        writer.member("onError", entry.onError.rawValue)
        writer.member("events", Int(figures.events))
        writer.member("continued", Int(figures.continued))
        writer.member("stopped", Int(figures.stopped))
        writer.member("rejected", Int(figures.rejected))
        writer.member("faults", Int(figures.faults))
        writer.member("timeouts", Int(figures.timeouts))
        let mean = figures.latency.count == 0 ? 0 : figures.latency.sum / figures.latency.count
        writer.member("meanMicroseconds", Int(mean / 1000))
      }
      writer.null("lastReload")
      return HTTPReply(status: .ok, body: writer.finish())
    }
  }

  private func gather() -> EventLoopFuture<LoopFigures> {
    let parts = loops.map { loop in
      loop.eventLoop.submit {
        LoopFigures(
          counters: loop.counters, stages: loop.engine.figures, names: loop.engine.chain.stages.map(\.name),
          inFlight: loop.engine.eventsInFlight, revision: loop.engine.chain.revision)
      }
    }
    return EventLoopFuture.whenAllSucceed(parts, on: loops[0].eventLoop).map { parts in
      var total = parts[0]
      for part in parts.dropFirst() {
        total.counters.add(part.counters)
        for index in total.stages.indices { total.stages[index].add(part.stages[index]) }
        total.inFlight += part.inFlight
      }
      return total
    }
  }
}
