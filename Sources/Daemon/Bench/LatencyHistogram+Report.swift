import Pipeline

extension LatencyHistogram {
  /// Its quantiles in a line.
  var summary: String {
    let values = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1)].map {
      name, share in
      "\(name) \(Figure.fixed(Double(quantile(share)) / 1e6, 2))"
    }
    return values.joined(separator: ", ") + " ms"
  }

  /// Adds it as an object: quantiles in milliseconds, and all buckets that hold anything, each by the highest
  /// nanoseconds that fall into it and how many did.
  func write(_ key: StaticString, to object: inout JSONObjectWriter) {
    func value(_ share: Double) -> [UInt8] { Figure.json(Double(quantile(share)) / 1e6) }
    object.beginObject(key)
    object.member("count", Int(count))
    object.member("p50", json: value(0.5))
    object.member("p90", json: value(0.9))
    object.member("p99", json: value(0.99))
    object.member("p999", json: value(0.999))
    object.member("max", json: value(1))
    object.member("mean", json: Figure.json(mean / 1e6))
    object.member("buckets", json: Figure.list(filled.map { "[\($0.upperBound),\($0.count)]" }))
    object.endObject()
  }
}
