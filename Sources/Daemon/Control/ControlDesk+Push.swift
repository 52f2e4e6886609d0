import NIOHTTP1
import Pipeline
import Services

extension ControlDesk {
  /// Sends a trial to all that the pushes of `user` go to, by each push service of the chain, or by `service` alone, and
  /// answers with what came back.
  func tryPush(_ query: QueryString) async throws -> HTTPReply {
    let values = Dictionary(query.all.map { ($0.name, $0.value) }) { $1 }
    guard let user = values["user"], !user.isEmpty else {
      throw Rejection(.invalidEvent, "'user' says whom to push to")
    }
    let services = generations.current.stages.compactMap { stage in
      (stage.instance.stage as? any PushTrials).map { (name: stage.name, trials: $0) }
    }.filter { values["service"] == nil || $0.name == values["service"] }
    guard !services.isEmpty else {
      throw Rejection(
        .notFound, "the chain in force has no push service" + (values["service"].map { " '\($0)'" } ?? ""))
    }
    var found: [(service: String, trial: PushTrial)] = []
    for (name, trials) in services { found += await trials.tryPush(to: user).map { (name, $0) } }
    var writer = JSONObjectWriter(reserving: 512)
    writer.array("trials", of: found) { item, found in
      item.member("service", found.service)
      item.member("target", found.trial.target)
      item.member("sent", found.trial.isSent)
      item.member("result", found.trial.result)
      if !found.trial.detail.isEmpty { item.member("detail", found.trial.detail) }
      item.member("milliseconds", found.trial.milliseconds)
    }
    return HTTPReply(status: .ok, body: writer.finish())
  }
}
