import Glibc
import Testing

@testable import Daemon

@Suite("The sockets that systemd passes")
struct PassedSocketsTests {
  private func passed(_ environment: [String: String]) -> PassedSockets {
    PassedSockets(environment: environment, processID: 7)
  }

  @Test("They begin at descriptor 3, and one named 'admin' is the operator's")
  func names() {
    let sockets = passed(["LISTEN_PID": "7", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "clients:admin:clients"])
    #expect(sockets.clients.map(\.descriptor) == [3, 5])
    #expect(sockets.admin == [PassedSockets.Socket(descriptor: 4, name: "admin")])
  }

  @Test("Without names all are for clients")
  func nameless() {
    let sockets = passed(["LISTEN_PID": "7", "LISTEN_FDS": "2"])
    #expect(sockets.clients.map(\.name) == ["", ""])
    #expect(sockets.admin.isEmpty)
  }

  @Test(
    "What is for another process, or says nothing that can be believed, is none",
    arguments: [
      [:], ["LISTEN_FDS": "1"], ["LISTEN_PID": "8", "LISTEN_FDS": "1"], ["LISTEN_PID": "7"],
      ["LISTEN_PID": "7", "LISTEN_FDS": "0"], ["LISTEN_PID": "7", "LISTEN_FDS": "-1"],
      ["LISTEN_PID": "7", "LISTEN_FDS": "x"], ["LISTEN_PID": "7", "LISTEN_FDS": "1000000"],
    ])
  func none(environment: [String: String]) {
    let sockets = passed(environment)
    #expect(sockets.clients.isEmpty && sockets.admin.isEmpty)
  }

  @Test("What other machines reach is told from what only this one does")
  func isOpenToOthers() {
    func isOpen(_ family: Int32, _ address: [UInt8]) -> Bool {
      let descriptor = Glibc.socket(family, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(descriptor) }
      var bytes = withUnsafeBytes(of: sa_family_t(family)) { Array($0) } + [0, 0]
      bytes +=
        family == AF_INET
        ? address + [UInt8](repeating: 0, count: 8) : [0, 0, 0, 0] + address + [0, 0, 0, 0]
      let result = bytes.withUnsafeBytes { bytes in
        bytes.withMemoryRebound(to: sockaddr.self) {
          bind(descriptor, $0.baseAddress, socklen_t(bytes.count))
        }
      }
      #expect(result == 0)
      return PassedSockets.Socket(descriptor: descriptor, name: "").isOpenToOthers
    }
    let zeros = [UInt8](repeating: 0, count: 15)
    #expect(isOpen(AF_INET, [0, 0, 0, 0]))
    #expect(!isOpen(AF_INET, [127, 0, 0, 1]))
    #expect(isOpen(AF_INET6, zeros + [0]))
    #expect(!isOpen(AF_INET6, zeros + [1]))
  }

  @Test("A socket listens only where it is a stream's that takes connections")
  func listens() {
    func socket(_ kind: __socket_type, listens: Bool) -> Bool {
      let descriptor = Glibc.socket(AF_INET, Int32(kind.rawValue), 0)
      defer { close(descriptor) }
      if listens { listen(descriptor, 1) }
      return PassedSockets.Socket(descriptor: descriptor, name: "").listens
    }
    #expect(socket(SOCK_STREAM, listens: true))
    #expect(!socket(SOCK_STREAM, listens: false))
    #expect(!socket(SOCK_DGRAM, listens: false))
    #expect(!PassedSockets.Socket(descriptor: -1, name: "").listens)
  }
}
