import Pipeline
import Services
import Testing

@testable import Daemon

@Suite("Frames between nodes")
struct NodeFrameTests {
  private let deliveries = [
    Delivery(
      to: "alice", OutgoingEvent(.newMessage) { data in data.member("content", "grüße 😀") },
      except: ConnectionID(rawValue: 7),
      at: 99),
    Delivery(to: "", OutgoingEvent(.userTyping)),
  ]

  @Test("Deliveries come as they went")
  func deliveriesComeBack() throws {
    let frame = try #require(NodeFrame(NodeFrame(5, .deliveries(deliveries)).bytes))
    guard case .deliveries(let back) = frame.content else { return #expect(Bool(false), "another kind") }
    #expect(frame.number == 5)
    #expect(back.map(\.userID) == ["alice", ""])
    #expect(back.map(\.event) == deliveries.map(\.event))
    #expect(back.map(\.event.type) == [.newMessage, .userTyping])
    #expect(back.map { Array($0.event.data) } == deliveries.map { Array($0.event.data) })
    #expect(back.map(\.except) == [ConnectionID(rawValue: 7), nil])
    #expect(back.map(\.position) == [99, nil])
  }

  @Test("So does what is said about a user")
  func commandsComeBack() throws {
    let moment = Timestamp(milliseconds: -5)
    guard case .disconnect("a") = NodeFrame(NodeFrame(1, .disconnect(user: "a")).bytes)?.content,
      case .revoke("a", moment) = NodeFrame(NodeFrame(1, .revoke(user: "a", notBefore: moment)).bytes)?
        .content,
      case .rename("a", "b") = NodeFrame(NodeFrame(1, .rename(user: "a", name: "b")).bytes)?.content,
      case .replace("a", ConnectionID(rawValue: 9)) =
        NodeFrame(NodeFrame(1, .replace(user: "a", ConnectionID(rawValue: 9))).bytes)?.content
    else { return #expect(Bool(false), "a frame was changed on its way") }
    let probe = NodeFrame.Content.probe(users: ["a", "ü"], age: 5, patience: 7)
    guard case .probe(["a", "ü"], 5, 7) = NodeFrame(NodeFrame(1, probe).bytes)?.content,
      case .alive(let alive) = NodeFrame(NodeFrame(1, .alive([("b", 9)])).bytes)?.content
    else { return #expect(Bool(false), "a frame was changed on its way") }
    #expect(alive.map(\.user) == ["b"] && alive.map(\.age) == [9])
  }

  @Test("A frame that is cut off, or of a version or kind to come, is none")
  func strange() {
    let bytes = NodeFrame(5, .deliveries(deliveries)).bytes
    for count in 0..<bytes.count { #expect(NodeFrame(Array(bytes.prefix(count))) == nil, "\(count)") }
    let probe = NodeFrame(5, .probe(users: ["a", "b"], age: 1, patience: 2)).bytes
    for count in 0..<probe.count { #expect(NodeFrame(Array(probe.prefix(count))) == nil, "\(count)") }
    #expect(NodeFrame([2] + bytes.dropFirst()) == nil)
    #expect(NodeFrame([1, 99] + bytes.dropFirst(2)) == nil)
  }

  @Test("Whatever comes, reading it ends")
  func arbitrary() {
    var random = SystemRandomNumberGenerator()
    let whole = NodeFrame(5, .deliveries(deliveries)).bytes
    for _ in 0..<5000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        bytes[Int.random(in: 2..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      _ = NodeFrame(bytes)
    }
  }
}

@Suite("Numbers of frames")
struct FrameNumbersTests {
  private let one = NodeID(rawValue: 1)
  private let two = NodeID(rawValue: 2)

  @Test("Frames to each node are counted apart, and one that was not sent is missed")
  func gaps() {
    var (sender, receiver) = (FrameNumbers(), FrameNumbers())
    var inOrder: [Bool] = []
    for step in 0..<4 {
      if step == 2 {
        _ = sender.next(to: two)
        sender.skip(for: [one])
      }
      inOrder.append(receiver.isNext(sender.next(to: one), from: two))
    }
    #expect(inOrder == [true, true, false, true])
  }

  @Test("A node that was not there for a while finds that something is missing, one that stayed does not")
  func met() {
    var (sender, receiver) = (FrameNumbers(), FrameNumbers())
    var inOrder: [Bool] = []
    for others in [[one], [one], [], [one, two], [one, two]] as [Set<NodeID>] {
      sender.meet(others)
      if others.contains(one) { inOrder.append(receiver.isNext(sender.next(to: one), from: two)) }
    }
    #expect(inOrder == [false, true, false, true])
  }

  @Test("The first frame of a node has to be its first")
  func first() {
    var receiver = FrameNumbers()
    let inOrder = [receiver.isNext(2, from: one), receiver.isNext(1, from: two)]
    #expect(inOrder == [false, true])
  }
}
