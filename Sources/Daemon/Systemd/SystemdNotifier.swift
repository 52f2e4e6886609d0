import Glibc
import Logging
import Pipeline
import Synchronization

/// Tells systemd how the daemon is, by the protocol of sd_notify(3): datagrams of `NAME=value` lines to the socket that
/// `NOTIFY_SOCKET` names. Without one nothing is done; one that can't be reached is logged once, and the daemon goes on.
///
/// Any thread may tell. Each call waits a second at most, where systemd is behind. The socket is meant for this process: whoever
/// starts others must leave `NOTIFY_SOCKET` out of their environment.
final class SystemdNotifier: Sendable {
  /// The longest status, in bytes: systemd ignores datagrams of more than 4096 in all.
  private static let longestStatus = 2048

  /// Within which time ``watchdog()`` has to be called again, or systemd ends the daemon; calling it twice in that time is usual.
  /// `nil` where no watchdog watches this process.
  let watchdogInterval: Duration?

  /// Whether anybody hears what is told.
  var isHeard: Bool { socket != nil }

  private let socket: DatagramSocket?
  private let address: String?
  private let logger: Logger
  private let hasFailed = Atomic<Bool>(false)

  /// A notifier for what a unit's environment asks of this process.
  ///
  /// - Parameters:
  ///   - environment: `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` are read.
  ///   - processID: What `WATCHDOG_PID`, where it is set, has to say.
  init(environment: [String: String], logger: Logger, processID: Int32 = getpid()) {
    self.logger = logger
    address = environment["NOTIFY_SOCKET"]
    socket = address.flatMap { DatagramSocket(to: $0) }
    watchdogInterval = Self.watchdogInterval(environment, processID)
    if let address, socket == nil { logFailure("'\(address)' is no path and no @name of a socket") }
  }

  /// Tells that the daemon serves: after the start, and after each reload, also one that failed.
  func ready(status: String? = nil) { tell(["READY=1"], status) }

  /// Tells that a reload has begun; ``ready(status:)`` tells that it is over.
  func reloading(status: String? = nil) {
    // In one datagram with the time, by which systemd knows this reload from one that it asked for later (Type=notify-reload).
    tell(["RELOADING=1", "MONOTONIC_USEC=\(Self.monotonicMicroseconds())"], status)
  }

  /// Tells how the daemon does, in a line for people; it is cut where it is very long.
  func status(_ status: String) { tell([], status) }

  /// Tells that the daemon ends, and asks for at least so much time for that.
  func stopping(status: String? = nil, within time: Duration? = nil) {
    tell(["STOPPING=1"] + (time.map { [Self.extension(by: $0)] } ?? []), status)
  }

  /// Asks for more time to start, reload or end: at least this much from now on.
  func extendTimeout(by time: Duration) {
    tell([Self.extension(by: time)], nil)
  }

  /// Tells that the daemon is alive, where a watchdog watches it, and how it does.
  func watchdog(status: String? = nil) {
    let lines = watchdogInterval == nil ? [] : ["WATCHDOG=1"]
    guard !lines.isEmpty || status != nil else { return }
    tell(lines, status)
  }

  private static func `extension`(by time: Duration) -> String {
    "EXTEND_TIMEOUT_USEC=\(max(0, time.wholeNanoseconds / 1000))"
  }

  private func tell(_ lines: [String], _ status: String?) {
    guard let socket else { return }
    let status = status.map { ["STATUS=\($0.onOneLine.cut(toBytes: Self.longestStatus))"] } ?? []
    switch socket.send(Array((lines + status).joined(separator: "\n").utf8), waits: true) {
    case .sent: break
    case .noRoom: logFailure("it does not read what it is told")
    case .tooLong: logFailure(String(cString: strerror(EMSGSIZE)))
    case .failed(let reason): logFailure(String(cString: strerror(reason)))
    }
  }

  private func logFailure(_ reason: String) {
    guard !hasFailed.exchange(true, ordering: .relaxed) else { return }
    logger.warning(
      "systemd can't be told how the daemon is; check that the unit's sandbox leaves NOTIFY_SOCKET within reach",
      metadata: ["socket": "\(address ?? "-")", "error": "\(reason)"])
  }

  private static func watchdogInterval(_ environment: [String: String], _ processID: Int32) -> Duration? {
    if let watched = environment["WATCHDOG_PID"], Int32(watched) != processID { return nil }
    guard let text = environment["WATCHDOG_USEC"], let microseconds = Int64(text), microseconds > 0 else {
      return nil
    }
    return .microseconds(microseconds)
  }

  private static func monotonicMicroseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }
}

extension String {
  /// The text's beginning that is no longer than so many bytes, of whole characters.
  fileprivate func cut(toBytes count: Int) -> Substring {
    guard utf8.count > count else { return self[...] }
    var end = utf8.index(startIndex, offsetBy: count)
    while end.samePosition(in: self) == nil { end = utf8.index(before: end) }
    return self[..<end]
  }
}
