import Foundation

@testable import Pipeline

/// Events as they come in a frame: whatever the bytes, decoding ends with events or faults, and agrees with
/// Foundation about what is JSON.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  switch EventEnvelope.decode(bytes) {
  case .one(let result): look(at: result)
  case .many(let results): for result in results { look(at: result) }
  }
  if let value = try? JSONValue(parsing: bytes) {
    let other = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
    // Foundation refuses numbers that no Double holds; we keep them as text.
    if other == nil, !bytes.contains(where: { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }),
      bytes.count < 300
    {
      fatalError("taken for JSON, which it is not")
    }
    let text = Array(value.text.utf8)
    guard let again = try? JSONValue(parsing: text), again.text == value.text else {
      fatalError("it does not read back")
    }
  }
  return 0
}

private func look(at result: Result<EventEnvelope, EnvelopeFault>) {
  guard case .success(let envelope) = result else { return }
  var data = envelope.data
  for key in ["tempId", "receiverId", "content", "token"] {
    _ = data.kind(key)
    if let text = data.string(key) {
      data.set(key, to: text)
      guard data.string(key) == text else { fatalError("a text was changed") }
    }
    data.remove(key)
    guard data.kind(key) == nil else { fatalError("a member was not removed") }
  }
  guard (try? EventData(json: data.json)) == data else { fatalError("what is left does not read back") }
}
