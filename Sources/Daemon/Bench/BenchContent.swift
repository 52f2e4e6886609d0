/// What stands in a message's content: when it was due, who sent it and its number, then filling.
struct BenchContent: Equatable {
  var due: UInt64
  /// The number of the client that sent it.
  var sender: Int
  var number: Int

  init(due: UInt64, sender: Int, number: Int) {
    self.due = due
    self.sender = sender
    self.number = number
  }

  /// What a message that came in says; `nil` where it is none of a load's.
  init?(_ bytes: ArraySlice<UInt8>) {
    var rest = bytes
    guard let due = Self.takeNumber(&rest), let sender = Self.takeNumber(&rest), sender < 1 << 32,
      let number = Self.takeNumber(&rest), number < 1 << 32
    else { return nil }
    self.init(due: due, sender: Int(sender), number: Int(number))
  }

  /// The content, as long as a filling or longer.
  func text(filledFrom filling: String) -> String {
    var text = "\(due) \(sender) \(number) "
    text += Substring(filling.utf8.dropFirst(text.utf8.count))
    return text
  }

  /// A number with the space that ends it.
  private static func takeNumber(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    let start = bytes.startIndex
    while let byte = bytes.popFirst() {
      if byte == UInt8(ascii: " ") { return bytes.startIndex - start > 1 ? value : nil }
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      let (product, isOver) = value.multipliedReportingOverflow(by: 10)
      let (sum, isOverToo) = product.addingReportingOverflow(UInt64(byte & 0x0F))
      if isOver || isOverToo { return nil }
      value = sum
    }
    return nil
  }
}
