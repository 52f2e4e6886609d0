/// The numbers of one sender's messages as they come in: finds those that come twice, and those that come late.
struct BenchSeries {
  /// How a number stands to those before it.
  enum Place { case next, late, again }

  /// How many numbers there have been.
  private(set) var count = 0
  private var seen: [UInt64] = []
  private var highest = -1

  /// Takes a number in.
  mutating func take(_ number: Int) -> Place {
    let (word, bit) = (number >> 6, UInt64(1) << UInt64(number & 63))
    if word >= seen.count { seen.append(contentsOf: repeatElement(0, count: word - seen.count + 1)) }
    guard seen[word] & bit == 0 else { return .again }
    seen[word] |= bit
    count += 1
    guard number > highest else { return .late }
    highest = number
    return .next
  }
}
