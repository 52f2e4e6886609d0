import NIOCore
import Testing

@testable import RedisState

@Suite("A connection to Redis, without a socket")
struct RedisConnectionMachineTests {
  private typealias Machine = RedisConnectionMachine<Int>

  private static func at(_ milliseconds: UInt64) -> NIODeadline {
    .uptimeNanoseconds(milliseconds * 1_000_000)
  }

  private static let hello = RESPValue.array(
    ["server", "redis", "version", "7.0.15", "role", "master"].map { .string(Array($0.utf8)) })
  private static let ok = RESPValue.string(Array("OK".utf8))

  private static func machine(_ greeting: Greeting = Greeting()) -> Machine {
    Machine(greeting, timeout: .milliseconds(100), connectingUntil: at(50))
  }

  /// A machine that has been greeted at 0.
  private static func ready(_ greeting: Greeting = Greeting()) -> Machine {
    var machine = machine(greeting)
    _ = machine.connected(at: at(0))
    for step in greeting.steps { _ = machine.received(step == .hello ? hello : ok) }
    return machine
  }

  @Test("greets step by step, then is open")
  func greets() {
    var machine = Self.machine(Greeting(database: 3, scripts: ["return 1"]))
    guard case .greet = machine.connected(at: Self.at(1)) else { return #expect(Bool(false)) }
    guard case .none = machine.received(Self.hello), case .none = machine.received(Self.ok),
      case .open = machine.received(Self.ok)
    else { return #expect(Bool(false)) }
    #expect(machine.deadline == nil)
  }

  @Test(
    "gives up where the greeting is refused",
    arguments: [
      ("WRONGPASS invalid username-password pair", "refused the user or password", true),
      ("NOAUTH HELLO must be called with the client already authenticated", "asks for a password", true),
      ("ERR unknown command `HELLO`, with args beginning with: `2`", "too old", true),
      (
        "ERR AUTH <password> called without any password configured for the default user.", "asks for none",
        true
      ),
      ("LOADING Redis is loading the dataset in memory", "loading", false),
      ("NOPERM this user has no permissions", "grants too little", true),
    ])
  func refusals(answer: String, fault: String, isLasting: Bool) {
    var machine = Self.machine()
    _ = machine.connected(at: Self.at(1))
    guard case .close(let error) = machine.received(.error(answer)) else { return #expect(Bool(false)) }
    #expect(error.description.contains(fault) && error.isLasting == isLasting)
  }

  @Test("refuses a server that is too old, a replica, or no Redis")
  func strangers() {
    func fault(_ words: [String]) -> RedisError? {
      var machine = Self.machine()
      _ = machine.connected(at: Self.at(1))
      guard case .close(let error) = machine.received(.array(words.map { .string(Array($0.utf8)) })) else {
        return nil
      }
      return error
    }
    #expect(fault(["server", "redis", "version", "6.2.1"])?.isLasting == true)
    #expect(fault(["server", "redis", "version", "7.2.0", "role", "replica"])?.isLasting == false)
    for mode in ["cluster", "sentinel"] {
      #expect(fault(["server", "redis", "version", "7.0.15", "mode", mode])?.isLasting == true)
    }
    #expect(fault(["what"])?.description.contains("not a Redis") == true)
  }

  @Test("hands answers to requests in their order")
  func answers() {
    var machine = Self.ready()
    machine.sent(1, at: Self.at(0))
    machine.sent(2, at: Self.at(1))
    guard case .answer(1, .integer(7)) = machine.received(.integer(7)),
      case .answer(2, .error("ERR no")) = machine.received(.error("ERR no"))
    else { return #expect(Bool(false)) }
    #expect(machine.deadline == nil)
    guard case .close = machine.received(.null) else { return #expect(Bool(false)) }
  }

  @Test("gives up when the oldest request has waited too long, and not before")
  func timesOut() {
    var machine = Self.ready()
    machine.sent(1, at: Self.at(10))
    machine.sent(2, at: Self.at(60))
    #expect(machine.deadline == Self.at(110))
    guard case .none = machine.tick(at: Self.at(109)) else { return #expect(Bool(false)) }
    _ = machine.received(.null)
    guard case .none = machine.tick(at: Self.at(110)) else { return #expect(Bool(false)) }
    guard case .close = machine.tick(at: Self.at(160)) else { return #expect(Bool(false)) }
    #expect(machine.lost() == [2] && machine.deadline == nil)
  }

  @Test("gives up on a greeting that takes too long")
  func greetingTimesOut() {
    var machine = Self.machine()
    #expect(machine.deadline == Self.at(50))
    _ = machine.connected(at: Self.at(20))
    #expect(machine.deadline == Self.at(120))
    guard case .close = machine.tick(at: Self.at(120)) else { return #expect(Bool(false)) }
  }

  @Test("closes after the answer of a server that has become a replica")
  func demoted() {
    var machine = Self.ready()
    machine.sent(1, at: Self.at(0))
    machine.sent(2, at: Self.at(0))
    guard case .answerThenClose(1, .error, let fault) = machine.received(.error("READONLY You can't write"))
    else { return #expect(Bool(false)) }
    #expect(!fault.isLasting && machine.lost() == [2])
  }

  @Test("tells what is published from answers")
  func listens() {
    var machine = Self.ready(Greeting(channel: "c"))
    machine.sent(1, at: Self.at(0))
    func words(_ texts: String...) -> RESPValue { .array(texts.map { .string(Array($0.utf8)) }) }
    guard case .deliver(let bytes) = machine.received(words("message", "c", "hi")) else {
      return #expect(Bool(false))
    }
    #expect(bytes == Array("hi".utf8))
    guard case .answer(1, _) = machine.received(words("pong", "")) else { return #expect(Bool(false)) }
    guard case .close = machine.received(words("sunsubscribe", "c", "0")) else { return #expect(Bool(false)) }
  }

  @Test("waits longer after each failure, up to a second, and at random")
  func backsOff() {
    var backoff = Backoff()
    var ceilings: [Int64] = []
    for _ in 0..<9 {
      ceilings.append(backoff.ceiling.nanoseconds / 1_000_000)
      let ceiling = backoff.ceiling
      #expect((.zero...ceiling).contains(backoff.next()))
    }
    #expect(ceilings == [50, 100, 200, 400, 800, 1000, 1000, 1000, 1000])
    backoff.reset()
    #expect(backoff.ceiling == .milliseconds(50))
  }
}
