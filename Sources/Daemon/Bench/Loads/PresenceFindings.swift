import Pipeline

/// What those who watched one who came and went have been told.
struct PresenceFindings: BenchFindings {
  let watchers: Int
  /// How often they were to come or go a second.
  let changesAsked: Double
  /// How long was measured, and how often they came or went in it.
  let seconds: Double
  let changesMeasured: Int
  /// How often they came or went in all.
  let changes: Int
  let tally: PresenceShare.Tally
  /// How many watchers did not know at the end that they were there, and then that they had gone.
  let missedOnline: Int
  let missedOffline: Int

  /// Updates that were not sent, since another change had come by then, or within the time that users count as online
  /// after they have gone.
  private var coalesced: Int { changes * watchers - tally.updates }

  /// Fewer updates than changes are as promised, more are not.
  var isSound: Bool {
    missedOnline == 0 && missedOffline == 0 && coalesced >= 0 && tally.unfounded == 0 && tally.closed.isEmpty
  }

  var lines: [String] {
    var lines = [
      "changes      \(Figure.fixed(Double(changesMeasured) / seconds, 2))/s of \(Figure.fixed(changesAsked, 2))/s asked",
      "told         \(Figure.whole(Double(tally.measured) / seconds)) updates/s to \(watchers) watchers",
      "of coming    \(tally.online.count), \(tally.online.summary)",
      "of going     \(tally.offline.count), \(tally.offline.summary)",
      "in all       \(changes) changes, \(tally.updates) updates, \(coalesced) coalesced, \(tally.unfounded) unfounded; "
        + "the last coming missed by \(missedOnline), the last going by \(missedOffline)",
    ]
    if !tally.closed.isEmpty { lines.append("closed       \(Closings.text(tally.closed))") }
    return lines
  }

  func write(to object: inout JSONObjectWriter) {
    object.member("watchers", watchers)
    object.member("changesAskedPerSecond", json: Figure.json(changesAsked))
    object.member("changesPerSecond", json: Figure.json(Double(changesMeasured) / seconds))
    object.member("updatesPerSecond", json: Figure.json(Double(tally.measured) / seconds))
    tally.online.write("onlineMilliseconds", to: &object)
    tally.offline.write("offlineMilliseconds", to: &object)
    object.member("changes", changes)
    object.member("updates", tally.updates)
    object.member("coalesced", coalesced)
    object.member("unfounded", tally.unfounded)
    object.member("missedOnline", missedOnline)
    object.member("missedOffline", missedOffline)
    object.member("closed", tally.closed.values.reduce(0, +))
    Closings.write(tally.closed, to: &object)
  }
}
