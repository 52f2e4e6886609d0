import PipelineTestKit
import Synchronization
import Testing

@testable import Pipeline

@Suite("The engine keeps each connection's events in order")
struct EngineOrderTests {
  @Test("A stage that defers holds many events of one connection, in one batch")
  func depth() {
    let holding = Holding()
    let chain = TestChain([ChainStage(holding)])
    let client = chain.connect()
    client.send((0..<8).map { (.newMessage, EventData(), "\($0)") })
    client.send((8..<16).map { (.newMessage, EventData(), "\($0)") })
    #expect(holding.batches == 2)
    chain.executor.drive {
      holding.giveBack(at: 1) { for index in $0.indices { $0.stop(at: index) } }
      holding.giveBack { for index in $0.indices { $0.stop(at: index) } }
    }
    #expect(client.takeReplies().map(\.name) == (0..<16).map(String.init))
  }

  @Test("An event that passes a stage by does not overtake those that the stage holds; others' events do")
  func passingBy() {
    let holding = Holding()
    let last = Mutex<[String]>([])
    let chain = TestChain([
      ChainStage(holding, events: .only(.newMessage)),
      ChainStage(
        Judging { event in
          last.withLock { $0.append(event.identity?.userID ?? "") }
          return .stop
        }),
    ])
    let alice = chain.connect(as: Identity(userID: "alice"))
    let bob = chain.connect(as: Identity(userID: "bob"))
    alice.send([(.newMessage, EventData(), "1"), (.ping, EventData(), "2")])
    bob.send(.ping, ref: "3")
    #expect(alice.takeReplies().isEmpty)
    #expect(bob.takeReplies().map(\.name) == ["3"])
    chain.executor.drive { holding.giveBack() }
    #expect(alice.takeReplies().map(\.name) == ["1", "2"])
    #expect(last.withLock { $0 } == ["bob", "alice", "alice"])
  }

  @Test("A refusal waits for the answers of older events")
  func refusalsWait() {
    let holding = Holding()
    let chain = TestChain([
      ChainStage(Judging { $0.type == .ping ? .reject("NO", "no") : .continue }), ChainStage(holding),
    ])
    let client = chain.connect()
    client.send([
      (.ping, EventData(), "0"), (.newMessage, EventData(), "1"), (.ping, EventData(), "2"),
      (.newMessage, EventData(), "3"),
    ])
    #expect(client.takeReplies().map(\.name) == ["0"])
    chain.executor.drive { holding.giveBack { for index in $0.indices { $0.stop(at: index) } } }
    #expect(client.takeReplies().map(\.name) == ["1", "2", "3"])
  }

  @Test("A task works on one event of a connection at a time, and on different connections' at once")
  func tasks() async {
    let waiting = Waiting()
    let chain = TestChain([ChainStage(waiting), ChainStage(Judging { _ in .stop })])
    let alice = chain.connect(as: Identity(userID: "alice"))
    let bob = chain.connect(as: Identity(userID: "bob"))
    alice.send([(.newMessage, EventData(), "1"), (.newMessage, EventData(), "2")])
    bob.send(.newMessage, ref: "3")
    await waiting.untilArrived(2)
    waiting.letGo("bob")
    #expect(await bob.nextReply().name == "3")
    waiting.letGo("alice")
    #expect(await alice.nextReply().name == "1")
    await waiting.untilArrived(3)
    waiting.letGo("alice", .reject("NO", "no"))
    let second = await alice.nextReply()
    #expect(second.name == "2" && second.rejection?.code == "NO")
  }

  /// Chains of random stages, events of random connections, given back in random order: whatever happens, each event
  /// gets one answer, in the order of its connection, and no stage sees a connection's events out of order.
  @Test("Random chains and schedules never reorder, lose or double an answer", arguments: 0..<200)
  func randomSchedules(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let seen = Mutex<[String: [Int]]>([:])
    var holdings: [Holding] = []
    var stages: [ChainStage] = []
    for index in 0..<Int.random(in: 2...6, using: &random) {
      let events = [EventFilter.all, .only(.newMessage), .only(.ping)].randomElement(using: &random)!
      let salt = Int.random(in: 0..<100, using: &random)
      if Bool.random(using: &random) {
        let holding = Holding()
        holdings.append(holding)
        let commits = holdings.count == 1 && Bool.random(using: &random)
        stages.append(
          ChainStage(
            holding, name: "\(index)", events: events,
            requirements: Requirements(gives: commits ? [.durableID] : [])))
      } else {
        stages.append(
          ChainStage(
            Judging { event in
              let number = Int(
                event.ref.map { String(decoding: $0.json.dropFirst().dropLast(), as: UTF8.self) }!)!
              seen.withLock { $0["\(index) \(event.connection.id)", default: []].append(number) }
              event.answer(OutgoingEvent(.pong))
              switch (number + salt) % 7 {
              case 0: return .reject("NO", "no")
              case 1: return .stop
              default: return .continue
              }
            }, name: "\(index)", events: events))
      }
    }
    let chain = TestChain(stages)
    let clients = (0..<3).map { _ in chain.connect() }
    var sent = [0, 0, 0]
    var got: [[Int]] = [[], [], []]
    func collect() {
      for index in clients.indices { got[index] += clients[index].takeReplies().map { Int($0.name)! } }
    }
    func giveBackOne() -> Bool {
      guard let holding = holdings.filter({ $0.batches > 0 }).randomElement(using: &random) else {
        return false
      }
      let index = Int.random(in: 0..<holding.batches, using: &random)
      let refused = Int.random(in: 0..<12, using: &random)
      chain.executor.drive {
        holding.giveBack(at: index) { batch in
          if refused < batch.count { batch.reject("NO", "no", at: refused) }
        }
      }
      return true
    }
    for _ in 0..<40 {
      if Bool.random(using: &random) {
        let client = Int.random(in: 0..<3, using: &random)
        let events = (0..<Int.random(in: 1...5, using: &random)).map { _ in
          sent[client] += 1
          return (Bool.random(using: &random) ? EventType.newMessage : .ping, EventData(), "\(sent[client])")
        }
        clients[client].send(events.map { ($0.0, $0.1, Optional($0.2)) })
      } else {
        _ = giveBackOne()
      }
      collect()
    }
    while giveBackOne() {}
    collect()
    for index in clients.indices {
      #expect(got[index] == Array(1...max(1, sent[index])).filter { $0 <= sent[index] })
    }
    for (place, numbers) in seen.withLock({ $0 }) {
      #expect(numbers == numbers.sorted(), "stage and client \(place)")
    }
    #expect(chain.engine.eventsInFlight == 0)
  }
}
