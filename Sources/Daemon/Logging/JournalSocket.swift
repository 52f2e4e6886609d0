import Glibc
import Synchronization

/// The way to the journal: a datagram for each entry, by systemd's "Native Journal Protocol"
/// (systemd.io/JOURNAL_NATIVE_PROTOCOL). Any thread may send, and none ever waits: event loops log too.
final class JournalSocket: Sendable {
  /// Where the journal takes datagrams.
  static let standardPath = "/run/systemd/journal/socket"

  private let socket: DatagramSocket
  private let standardError: Int32
  private let lost = Atomic<Int>(0)

  /// A way to the journal at a path, `nil` where there can be none.
  ///
  /// - Parameter standardError: Where lines go that the journal can't be sent.
  init?(path: String, standardError: Int32) {
    guard let socket = DatagramSocket(to: path) else { return nil }
    self.socket = socket
    self.standardError = standardError
  }

  /// Whether a descriptor is the stream of the journal that `JOURNAL_STREAM` names by device and inode (systemd.exec(5)), and
  /// not one that the process was given in its place.
  static func reads(_ descriptor: Int32, environment: [String: String]) -> Bool {
    var status = stat()
    guard let stream = environment["JOURNAL_STREAM"], fstat(descriptor, &status) == 0 else { return false }
    return stream == "\(status.st_dev):\(status.st_ino)"
  }

  /// Sends an entry, or else its line to standard error.
  ///
  /// - Returns: Whether it was taken; where there was no room, it was not.
  func send(_ entry: JournalEntry, orElse line: () -> [UInt8]) -> Bool {
    var outcome = socket.send(entry.bytes, waits: false)
    if outcome == .tooLong { outcome = sendInMemory(entry.bytes) }
    switch outcome {
    case .sent: return true
    case .noRoom: return false
    case .tooLong, .failed: return write(line())
    }
  }

  /// How many lines were lost since somebody asked last: whoever asks has to tell, or to give them back.
  func takeLost() -> Int { lost.exchange(0, ordering: .relaxed) }

  /// Notes that lines were lost.
  func addLost(_ count: Int) { lost.add(count, ordering: .relaxed) }

  /// What is too long for a datagram goes in a file of memory that nobody can change any more, passed in an empty one.
  private func sendInMemory(_ bytes: [UInt8]) -> DatagramSocket.Outcome {
    guard let memory = SealedMemory.descriptor(holding: bytes) else { return .failed(errno) }
    defer { close(memory) }
    return socket.pass(memory)
  }

  /// Writes a line to standard error, which is a socket too if the journal reads it.
  private func write(_ line: [UInt8]) -> Bool {
    let flags = DatagramSocket.flags(waits: false)
    let sent = Glibc.send(standardError, line, line.count, flags)
    if sent == -1, errno == ENOTSOCK { return Glibc.write(standardError, line, line.count) == line.count }
    return sent == line.count
  }
}
