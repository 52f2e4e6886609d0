import Pipeline

/// What a daemon says of itself at one moment; its counters only rise.
struct Status: Sendable {
  /// One stage of the chain.
  struct Stage: Sendable {
    let name: String
    let enforce: String?
    let continued: Int
    let stopped: Int
    let rejected: Int
    let faults: Int
    let wouldReject: Int
    let buckets: [Int]
    var events: Int { continued + stopped + rejected + faults }
  }

  private let body: JSONValue
  let stages: [Stage]

  init(_ body: JSONValue) {
    self.body = body
    stages = (body["stages"]?.array ?? []).map { stage in
      func number(_ key: String) -> Int { stage[key]?.integer ?? 0 }
      return Stage(
        name: stage["name"]?.string ?? "?", enforce: stage["enforce"]?.string,
        continued: number("continued"), stopped: number("stopped"), rejected: number("rejected"),
        faults: number("faults"), wouldReject: number("wouldReject") + number("wouldStop"),
        buckets: (stage["buckets"]?.array ?? []).map { $0.integer ?? 0 })
    }
  }

  subscript(number key: String) -> Int { body[key]?.integer ?? 0 }
  subscript(text key: String) -> String { (body[key]?.string ?? "").printable }
}
