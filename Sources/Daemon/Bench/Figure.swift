/// Numbers as a report writes them.
enum Figure {
  /// To the nearest whole one.
  static func whole(_ value: Double) -> String { value.isFinite ? String(Int(value.rounded())) : "-" }

  /// With so many decimals.
  static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return "0" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = Int((abs(value) * scale).rounded())
    let (front, back) = (scaled / Int(scale), scaled % Int(scale))
    let digits = String(back)
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return sign + String(front) }
    return sign + "\(front)." + String(repeating: "0", count: decimals - digits.count) + digits
  }

  /// As JSON has it.
  static func json(_ value: Double) -> [UInt8] { Array(fixed(value, 3).utf8) }

  /// An array of JSON.
  static func list(_ values: [String]) -> [UInt8] { Array("[\(values.joined(separator: ","))]".utf8) }
}
