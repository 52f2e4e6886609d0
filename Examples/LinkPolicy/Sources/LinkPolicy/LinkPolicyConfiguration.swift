import Pipeline

/// What the entry of ``LinkPolicy`` holds.
public struct LinkPolicyConfiguration: Decodable, Sendable {
  var address: String
  var wait: ConfigDuration?
  var faults: Int?
  var pause: ConfigDuration?
  var links: Int?

  static let options = [
    StageOption("address", "address", default: nil, "the server that is asked: http://… or https://…"),
    StageOption("wait", "duration", default: "1s", "how long it has for an answer"),
    StageOption("faults", "number", default: "5", "after how many faults in a row it is left alone"),
    StageOption("pause", "duration", default: "10s", "for how long"),
    StageOption("links", "number", default: "10", "the most links of a message"),
  ]

  var waitTime: Duration { wait?.duration ?? .seconds(1) }
  var faultLimit: Int { faults ?? 5 }
  var pauseTime: Duration { pause?.duration ?? .seconds(10) }
  var linkLimit: Int { links ?? 10 }

  func check(_ report: inout ConfigurationReport) {
    let isWeb = ["http://", "https://"].contains { address.hasPrefix($0) && address.count > $0.count }
    if !isWeb || address.contains("?") || address.contains("#") {
      report.error("'address' is http://… or https://…, with no query", key: "address")
    } else if address.hasPrefix("http://"), !address.hasPrefix("http://127.0.0.1") {
      report.warning("'address' is not https: whoever is on the way sees the links", key: "address")
    }
    if !(1...1000).contains(faultLimit) { report.error("'faults' is from 1 to 1000", key: "faults") }
    if !(0...100).contains(linkLimit) { report.error("'links' is from 0 to 100", key: "links") }
  }
}
