import Glibc
import Testing

@testable import Daemon

@Suite("Datagrams to systemd and the journal")
struct DatagramSocketTests {
  @Test("A datagram comes as it was sent", arguments: [false, true])
  func sends(isAbstract: Bool) throws {
    let receiver = DatagramReceiver(isAbstract: isAbstract)
    let socket = try #require(DatagramSocket(to: receiver.address))
    #expect(socket.send([0, 10, 255], waits: false) == .sent)
    #expect(receiver.next()?.bytes == [0, 10, 255])
    #expect(receiver.next() == nil)
  }

  @Test("What is neither a path nor an @name, or too long, is no address")
  func addresses() {
    for text in ["", "/", "@", "relative", "vsock:2:1", "/" + String(repeating: "a", count: 107)] {
      #expect(DatagramSocket(to: text) == nil, "\(text)")
    }
    #expect(DatagramSocket(to: "/" + String(repeating: "a", count: 106)) != nil)
  }

  @Test("A receiver that is not there, is behind, or can't take so much is told apart")
  func outcomes() throws {
    let gone = try #require(DatagramSocket(to: "/nowhere/at/all"))
    #expect(gone.send([1], waits: true) == .failed(ENOENT))
    let receiver = DatagramReceiver()
    let socket = try #require(DatagramSocket(to: receiver.address))
    #expect(socket.send([UInt8](repeating: 0, count: 32 << 20), waits: false) == .tooLong)
    var outcome = DatagramSocket.Outcome.sent
    var sent = 0
    while outcome == .sent, sent < 100_000 {
      outcome = socket.send([1], waits: false)
      sent += 1
    }
    #expect(outcome == .noRoom)
    #expect(receiver.next() != nil)
    #expect(socket.send([1], waits: false) == .sent)
  }

  @Test("A receiver that was started again at the same address is found")
  func restarts() throws {
    var receiver: DatagramReceiver? = DatagramReceiver()
    let address = try #require(receiver?.address)
    let socket = try #require(DatagramSocket(to: address))
    #expect(socket.send([1], waits: false) == .sent)
    receiver = nil
    #expect(socket.send([2], waits: false) == .failed(ENOENT))
    let second = DatagramReceiver(at: address)
    #expect(socket.send([3], waits: false) == .sent)
    #expect(second.next()?.bytes == [3])
  }
}
