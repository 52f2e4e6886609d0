import NIOCore
import Pipeline
import Services
import Synchronization
import Testing

@testable import RedisState

@Suite("What nodes read of Redis and of each other")
struct NodeValuesTests {
  private static func texts(_ words: String...) -> RESPValue { .array(words.map { .string(Array($0.utf8)) }) }

  @Test("a frame says its version, its sender and its kind, and others are dropped")
  func frames() throws {
    let sender = NodeID(rawValue: 0xAB_CDEF_0123)
    let frame = BusFrame(.frame, from: sender, [1, 2, 3])
    #expect(frame.bytes == [1, 0, 0, 0, 0xAB, 0xCD, 0xEF, 0x01, 0x23, 0, 1, 2, 3])
    let read = try #require(BusFrame(frame.bytes))
    #expect(read.sender == sender && Array(read.payload) == [1, 2, 3] && read.kind == .frame)
    #expect(BusFrame(BusFrame(.notice, from: sender).bytes)?.kind == .notice)
    var other = frame.bytes
    other[0] = 2
    #expect(BusFrame(other) == nil)
    other = frame.bytes
    other[9] = 7
    #expect(BusFrame(other) == nil)
    other = frame.bytes
    other[1] = 1
    #expect(BusFrame(other) == nil)
    for count in 0..<10 { #expect(BusFrame(Array(frame.bytes.prefix(count))) == nil) }
  }

  @Test("a heartbeat tells the living from those whose users wait")
  func leases() throws {
    let leases = Self.texts("a", "1001", "b", "1000", "c", "5", "?", "1")
    let report = try #require(LeaseReport(.array([.integer(1), .integer(1000), leases])))
    #expect(report.isHeld && report.live == [NodeID(rawValue: 10)])
    #expect(report.waiting == [NodeID(rawValue: 11), NodeID(rawValue: 12)])
    #expect(LeaseReport(.null) == nil)
  }

  @Test("a user's hash tells who holds devices, and who sees to the grace period")
  func hashes() {
    let hash = UserHash(
      Self.texts("a:1f", "", "a:20", "", "b:1", "", "gone", "1700:c", "seen", "1700", "x", "y"))
    #expect(hash.nodes == [NodeID(rawValue: 10), NodeID(rawValue: 11)])
    #expect(hash.holder == NodeID(rawValue: 12) && hash.seen == Timestamp(milliseconds: 1700))
    #expect(hash.concerns(NodeID(rawValue: 12)) && !hash.concerns(NodeID(rawValue: 13)))
    #expect(UserHash(.null).nodes.isEmpty)
  }

  @Test("the answers of several commands become one, or their fault")
  func gathering() {
    let answers = Mutex<[Result<[Int], StateError>]>([])
    let gather = Gather<Int>(3, parts: 2) { answer in answers.withLock { $0.append(answer) } }
    gather.take(.success([3, 1]), at: [2, 0])
    #expect(answers.withLock { $0.isEmpty })
    gather.take(.success([2]), at: [1])
    #expect(answers.withLock { try? $0.first?.get() } == [1, 2, 3])
    let failing = Gather<Int>(2, parts: 2) { answer in answers.withLock { $0.append(answer) } }
    failing.take(.failure(StateError("no")), at: [0])
    failing.take(.success([]), at: [1])
    #expect(answers.withLock { $0.count } == 2)
    #expect(throws: StateError.self) { try answers.withLock { try $0[1].get() } }
  }

  @Test("a remembered send is a short text")
  func sends() {
    let message = SentMessage(id: MessageID(rawValue: 7_000_000_000_000_000_000), digest: .max)
    #expect(SentMessage(compact: message.compact) == message && message.compact.count < 32)
    for text in ["", ".", "1", "1.", "-1.2", "1.2.3", "zzzzzzzzzzzzzzzz.1"] {
      #expect(SentMessage(compact: text) == nil)
    }
  }

  @Test("a greeting enters, names itself and asks for all it needs")
  func greetings() {
    func words(_ greeting: Greeting) -> [String] {
      var writer = RESPWriter()
      for step in greeting.steps { greeting.write(step, to: &writer) }
      return String(decoding: writer.buffer.readableBytesView, as: UTF8.self).split(separator: "\r\n")
        .filter { !$0.hasPrefix("*") && !$0.hasPrefix("$") }.map(String.init)
    }
    #expect(words(Greeting(name: "n")) == ["HELLO", "2", "SETNAME", "n"])
    let greeting = Greeting(user: "u", password: "p", database: 4, name: "n", scripts: ["return 1"])
    #expect(
      words(greeting) == [
        "HELLO", "2", "AUTH", "u", "p", "SETNAME", "n", "SELECT", "4", "SCRIPT", "LOAD", "return 1",
      ])
    #expect(words(Greeting(password: "p")).contains("default"))
    #expect(words(Greeting(channel: "c")).suffix(2) == ["SUBSCRIBE", "c"])
    #expect(words(Greeting(channel: "c", isForCluster: true)).suffix(2) == ["SSUBSCRIBE", "c"])
  }

  @Test("bytes at random are read as replies or refused, and nothing else happens")
  func noise() {
    var random = SystemRandomNumberGenerator()
    let alphabet = Array("+-:$*0123456789\r\n\r\nxyz".utf8)
    for _ in 0..<2_000 {
      let reader = ReplyReader(limit: 256)
      do {
        for _ in 0..<4 {
          let bytes = (0..<Int.random(in: 0..<40, using: &random)).map { _ in
            alphabet.randomElement(using: &random) ?? 0
          }
          try reader.feed(.init(bytes: bytes))
          while try reader.next() != nil {}
        }
      } catch { continue }
    }
  }
}
