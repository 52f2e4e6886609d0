import Testing

@testable import Daemon

@Suite("What the kernel counts of connections")
struct NetworkCountersTests {
  @Test("Values are found by their names, wherever they stand")
  func read() {
    let text = """
      TcpExt: SyncookiesSent ListenOverflows TCPSynRetrans
      TcpExt: 1 22 333
      IpExt: ListenOverflows TCPSynRetrans
      IpExt: 7 8

      """
    let counters = NetworkCounters(text)
    #expect(counters.listenOverflows == 22 && counters.synRetransmits == 333)
    let difference = counters - NetworkCounters("TcpExt: TCPSynRetrans ListenOverflows\nTcpExt: 300 2\n")
    #expect(difference.synRetransmits == 33 && difference.listenOverflows == 20)
  }

  @Test(
    "Where the kernel does not say, nothing is counted", arguments: ["", "TcpExt: TCPSynRetrans", "\n\n"])
  func nothing(text: String) {
    let counters = NetworkCounters(text)
    #expect(counters.listenOverflows == 0 && counters.synRetransmits == 0)
  }
}
