import PipelineTestKit
import Synchronization
import Testing

@testable import Pipeline

@Suite("Each event ends on the chain that it began on")
struct EngineGenerationTests {
  private func stamping(_ generation: String, into seen: Recorder) -> ChainStage {
    ChainStage(
      Judging { event in
        seen.note(generation)
        return .stop
      }, name: "stamp")
  }

  @Test(
    "A connection's next event enters the new chain only after its last has left the old; others' do at once")
  func overtakesNothing() {
    let seen = Recorder()
    let holding = Holding()
    let chain = TestChain([ChainStage(holding), stamping("old", into: seen)])
    let (alice, bob) = (chain.connect(), chain.connect())
    alice.send(.newMessage, ref: "1")
    let isEmpty = Recorder()
    chain.executor.drive {
      chain.engine.install(Chain([stamping("new", into: seen)], revision: 2)) { isEmpty.note("empty") }
    }
    alice.send(.newMessage, ref: "2")
    bob.send(.newMessage, ref: "3")
    #expect(bob.takeReplies().map(\.name) == ["3"])
    #expect(alice.takeReplies().isEmpty)
    #expect(seen.notes == ["new"])
    #expect(isEmpty.notes.isEmpty)
    #expect(chain.engine.eventsOnOlderChains == 1)
    chain.executor.drive { holding.giveBack() }
    #expect(alice.takeReplies().map(\.name) == ["1", "2"])
    #expect(seen.notes == ["new", "old", "new"])
    #expect(isEmpty.notes == ["empty"])
    #expect(chain.engine.eventsOnOlderChains == 0)
  }

  @Test("What was submitted before the swap enters the old chain")
  func submittedBefore() {
    let seen = Recorder()
    let chain = TestChain([stamping("old", into: seen)])
    let client = chain.connect()
    chain.executor.drive {
      chain.engine.submit(Event(.newMessage, connection: client.connection))
      chain.engine.install(Chain([stamping("new", into: seen)], revision: 2)) {}
      chain.engine.submit(Event(.newMessage, connection: client.connection))
      chain.engine.turn()
    }
    #expect(seen.notes == ["old", "new"])
  }

  @Test("A name counts on over generations, events that end on the old chain included")
  func figures() {
    let holding = Holding()
    let chain = TestChain([ChainStage(holding, name: "one"), ChainStage(Judging { _ in .stop }, name: "two")])
    let client = chain.connect()
    client.send(.newMessage)
    chain.executor.drive {
      chain.engine.install(
        Chain(
          [
            ChainStage(Judging { _ in .continue }, name: "two"),
            ChainStage(Judging { _ in .stop }, name: "new"),
          ], revision: 2)
      ) {}
    }
    client.send(.newMessage)
    chain.executor.drive { holding.giveBack() }
    #expect(chain.engine.figures.map(\.events) == [2, 1])
    #expect(chain.engine.figures.map(\.stopped) == [1, 1])
  }

  @Test("An old chain can be hastened: a stage that never answers is given up, and its event answered")
  func hasten() {
    let holding = Holding()
    let chain = TestChain([ChainStage(holding, onError: .reject)])
    let client = chain.connect()
    client.send(.newMessage, ref: "1")
    let isEmpty = Recorder()
    chain.executor.drive {
      chain.engine.install(Chain([ChainStage(Judging { _ in .stop })], revision: 2)) { isEmpty.note("empty") }
      chain.engine.hasten(1)
    }
    #expect(client.takeReplies().map { $0.rejection?.code } == [.timeout])
    #expect(isEmpty.notes == ["empty"])
  }

  @Test("What is at the commit point is not given up: its outcome is not known")
  func hastenAtTheCommit() {
    let holding = Holding()
    let chain = TestChain([ChainStage(holding, requirements: Requirements(gives: [.durableID]))])
    let client = chain.connect()
    client.send(.newMessage, ref: "1")
    let isEmpty = Recorder()
    chain.executor.drive {
      chain.engine.install(Chain([ChainStage(Judging { _ in .stop })], revision: 2)) { isEmpty.note("empty") }
      chain.engine.hasten(1)
    }
    #expect(client.takeReplies().map { $0.rejection?.code } == [.timeout])
    #expect(isEmpty.notes.isEmpty)
    chain.executor.drive { holding.giveBack() }
    #expect(isEmpty.notes == ["empty"])
    #expect(client.takeReplies().isEmpty)
  }

  /// Swaps at random moments between chains whose stages hold events and give them back in random order.
  @Test("Random swaps never reorder, lose or double an answer, and every old chain ends", arguments: 0..<200)
  func randomSwaps(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let on = Mutex<[String: Set<Int>]>([:])
    var holdings: [Holding] = []
    func stages(_ revision: Int) -> [ChainStage] {
      let stamps = (0..<2).map { index in
        ChainStage(
          Judging { event in
            on.withLock { _ = $0["\(event.ref!.json)", default: []].insert(revision) }
            return index == 1 ? .stop : .continue
          }, name: "stamp\(index)")
      }
      let held = Holding()
      holdings.append(held)
      return [stamps[0], ChainStage(held, name: "holding"), stamps[1]]
    }
    let chain = TestChain(stages(1))
    let clients = (0..<3).map { _ in chain.connect() }
    var sent = [0, 0, 0]
    var got: [[Int]] = [[], [], []]
    var (revision, ended) = (1, 0)
    let isEmpty = Recorder()
    func collect() {
      for index in clients.indices { got[index] += clients[index].takeReplies().map { Int($0.name)! } }
    }
    func giveBackOne() -> Bool {
      guard let holding = holdings.filter({ $0.batches > 0 }).randomElement(using: &random) else {
        return false
      }
      chain.executor.drive { holding.giveBack(at: Int.random(in: 0..<holding.batches, using: &random)) }
      return true
    }
    for _ in 0..<60 {
      switch Int.random(in: 0..<8, using: &random) {
      case 0:
        revision += 1
        let next = Chain(stages(revision), revision: revision)
        chain.executor.drive { chain.engine.install(next) { isEmpty.note("empty") } }
        ended += 1
      case 1...4:
        let client = Int.random(in: 0..<3, using: &random)
        clients[client].send(
          (0..<Int.random(in: 1...3, using: &random)).map { _ in
            sent[client] += 1
            return (.newMessage, EventData(), "\(client)\(sent[client])")
          })
      default: _ = giveBackOne()
      }
      collect()
    }
    while giveBackOne() { collect() }
    collect()
    for client in 0..<3 {
      #expect(got[client] == (0..<sent[client]).map { Int("\(client)\($0 + 1)")! })
    }
    #expect(on.withLock { $0.values.allSatisfy { $0.count == 1 } })
    #expect(isEmpty.notes.count == ended)
    #expect(chain.engine.eventsInFlight == 0)
  }
}

/// Keeps what it is told, in order.
final class Recorder: Sendable {
  private let kept = Mutex<[String]>([])

  var notes: [String] { kept.withLock { $0 } }

  func note(_ text: String) { kept.withLock { $0.append(text) } }
}
