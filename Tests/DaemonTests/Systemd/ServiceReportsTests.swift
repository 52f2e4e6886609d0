import Testing

@testable import Daemon

@Suite("What systemd hears of the service")
struct ServiceReportsTests {
  private let receiver = DatagramReceiver()
  private let log = RecordedLog()

  private func reports(_ more: [String: String] = [:]) -> ServiceReports {
    let environment = ["NOTIFY_SOCKET": receiver.address].merging(more) { $1 }
    return ServiceReports(SystemdNotifier(environment: environment, logger: log.logger, processID: 7))
  }

  @Test("The status says what is in force and who is connected, and is told when it is another")
  func status() async {
    let reports = reports()
    reports.ready("revision 1 is in force")
    reports.alive(connections: 0)
    reports.alive(connections: 1)
    reports.alive(connections: 1)
    reports.reload(nil)
    reports.alive(connections: 2)
    reports.stopping(within: .seconds(10))
    await reports.end()
    #expect(receiver.next()?.text == "READY=1\nSTATUS=revision 1 is in force; 0 connections")
    #expect(receiver.next()?.text == "STATUS=revision 1 is in force; 1 connection")
    #expect(receiver.next()?.text.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") == true)
    #expect(receiver.next()?.text == "STATUS=revision 1 is in force; 2 connections")
    #expect(receiver.next()?.text == "STOPPING=1\nEXTEND_TIMEOUT_USEC=40000000\nSTATUS=draining")
    #expect(receiver.next() == nil)
  }

  @Test("Life is told twice in the watchdog's time, at least every 10 s, and to nobody where nobody hears")
  func period() {
    let watched = ["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "7"]
    #expect(reports(watched).period == .milliseconds(1500))
    #expect(reports(["WATCHDOG_USEC": "60000000"]).period == .seconds(10))
    #expect(reports().period == .seconds(10))
    #expect(ServiceReports(SystemdNotifier(environment: watched, logger: log.logger)).period == nil)
  }
}
