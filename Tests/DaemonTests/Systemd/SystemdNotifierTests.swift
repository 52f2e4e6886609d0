import Glibc
import Logging
import Testing

@testable import Daemon

@Suite("Telling systemd how the daemon is")
struct SystemdNotifierTests {
  private let receiver = DatagramReceiver()
  private let log = RecordedLog()

  private func notifier(_ more: [String: String] = [:], processID: Int32 = 7) -> SystemdNotifier {
    SystemdNotifier(
      environment: ["NOTIFY_SOCKET": receiver.address].merging(more) { $1 }, logger: log.logger,
      processID: processID)
  }

  @Test("Each state is one datagram, with its status")
  func states() {
    let notifier = notifier()
    notifier.ready(status: "2 connections, revision 1")
    #expect(receiver.next()?.text == "READY=1\nSTATUS=2 connections, revision 1")
    notifier.ready()
    #expect(receiver.next()?.text == "READY=1")
    notifier.status("3 connections")
    #expect(receiver.next()?.text == "STATUS=3 connections")
    notifier.stopping(status: "draining")
    #expect(receiver.next()?.text == "STOPPING=1\nSTATUS=draining")
    notifier.stopping(status: "draining", within: .seconds(40))
    #expect(receiver.next()?.text == "STOPPING=1\nEXTEND_TIMEOUT_USEC=40000000\nSTATUS=draining")
    notifier.extendTimeout(by: .milliseconds(1500))
    #expect(receiver.next()?.text == "EXTEND_TIMEOUT_USEC=1500000")
    #expect(receiver.next() == nil)
    #expect(log.lines.isEmpty)
  }

  @Test("A reload's time is in the same datagram, in microseconds of the monotonic clock")
  func reloading() throws {
    let before = monotonicMicroseconds()
    notifier().reloading(status: "reloading")
    let after = monotonicMicroseconds()
    let lines = try #require(receiver.next()).text.split(separator: "\n")
    try #require(lines.count == 3)
    #expect(lines[0] == "RELOADING=1")
    #expect(lines[2] == "STATUS=reloading")
    let time = try #require(Int64(lines[1].dropFirst("MONOTONIC_USEC=".count)))
    #expect(lines[1].hasPrefix("MONOTONIC_USEC=") && (before...after).contains(time))
    #expect(receiver.next() == nil)
  }

  @Test("A status is one line, whatever is in it, and short enough for systemd to take")
  func statusText() throws {
    let notifier = notifier()
    notifier.ready(status: "a.yaml:3:1: error\nREADY=0\r\u{1B}[31m")
    #expect(receiver.next()?.text == "READY=1\nSTATUS=a.yaml:3:1: error READY=0  [31m")
    notifier.status(String(repeating: "ü€", count: 5000))
    let long = try #require(receiver.next())
    #expect((2000...2100).contains(long.bytes.count))
    #expect(String(validating: long.bytes, as: UTF8.self) != nil)
  }

  @Test("A name without a file is an address too")
  func abstract() {
    let receiver = DatagramReceiver(isAbstract: true)
    SystemdNotifier(environment: ["NOTIFY_SOCKET": receiver.address], logger: log.logger).ready()
    #expect(receiver.next()?.text == "READY=1")
  }

  @Test("Without systemd nothing is done, and nothing logged")
  func unset() {
    let notifier = SystemdNotifier(environment: [:], logger: log.logger)
    notifier.ready(status: "ready")
    notifier.reloading()
    notifier.watchdog()
    notifier.stopping()
    #expect(notifier.watchdogInterval == nil)
    #expect(log.lines.isEmpty)
  }

  @Test(
    "A socket that can't be reached is logged once",
    arguments: ["/nowhere/notify", "@sluice-test-nobody-is-here", "vsock:2:1234"])
  func unreachable(address: String) {
    let notifier = SystemdNotifier(environment: ["NOTIFY_SOCKET": address], logger: log.logger)
    notifier.ready()
    notifier.status("serving")
    notifier.stopping()
    #expect(log.lines.count == 1)
    #expect(log.lines.first?.contains("socket=\(address)") == true)
  }

  @Test("The watchdog's time is this process's, or none")
  func watchdog() {
    let armed = notifier(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"])
    #expect(armed.watchdogInterval == .seconds(30))
    armed.watchdog()
    #expect(receiver.next()?.text == "WATCHDOG=1")
    armed.watchdog(status: "3 connections")
    #expect(receiver.next()?.text == "WATCHDOG=1\nSTATUS=3 connections")
    notifier().watchdog(status: "4 connections")
    #expect(receiver.next()?.text == "STATUS=4 connections")
    #expect(notifier(["WATCHDOG_USEC": "250000"]).watchdogInterval == .milliseconds(250))

    for other in ["8", "", "seven"] {
      let notifier = notifier(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": other])
      #expect(notifier.watchdogInterval == nil)
      notifier.watchdog()
    }
    for time in ["0", "-1", "soon", ""] {
      #expect(notifier(["WATCHDOG_USEC": time]).watchdogInterval == nil)
    }
    #expect(receiver.next() == nil)
  }

  private func monotonicMicroseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }
}
