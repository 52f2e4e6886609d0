/// Pairs of clients that write to each other both ways; and, besides, clients who stop reading, each with one who writes
/// to them.
struct PairsLoad: MessageCast {
  let pairs: Int
  let slow: Int

  var clientCount: Int { 2 * (pairs + slow) }

  func part(of number: Int) -> MessagePart {
    if number < 2 * pairs { return .talks(to: number ^ 1) }
    return number.isMultiple(of: 2) ? .feeds(number ^ 1) : .isSlow
  }
}
