@testable import Pipeline
import Stages

private let registry = StageRegistry.standard

/// Configuration files: whatever is in them, they are read to an end, and every fault has a place in the file.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let source = Array(UnsafeBufferPointer(start: start, count: count))
  var faults: [Fault] = []
  if let file = ConfigurationFile(source, environment: ["HOME": "/root"], &faults),
    let list = file.root["pipeline"]
  {
    _ = ChainPlan(list, registry, ChainSetting(mayMakeSecrets: true), &faults)
  }
  let lines = String(decoding: source, as: UTF8.self).split(omittingEmptySubsequences: false) {
    FaultReport.lineBreaks.contains($0)
  }.count
  // The place of what is missing may be the line behind the last.
  for fault in faults where !(1...lines + 1).contains(fault.mark.line) || fault.mark.column < 1 {
    fatalError("a fault outside of the file: \(fault)")
  }
  _ = FaultReport(file: "x", source: source, faults: faults).text
  return 0
}
