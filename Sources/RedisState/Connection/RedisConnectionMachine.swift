import NIOCore

/// What one connection does: the order of its greeting, which answer belongs to which request, and when to give up.
/// No IO: inputs in, actions out.
struct RedisConnectionMachine<Waiting> {
  /// What the connection's driver has to do.
  enum Action {
    /// Nothing.
    case none
    /// Write the greeting.
    case greet
    /// Tell that commands may be sent.
    case open
    /// Hand an answer over.
    case answer(Waiting, RESPValue)
    /// Hand an answer over, then close: the server no longer is what it was.
    case answerThenClose(Waiting, RESPValue, RedisError)
    /// Hand over what came on the channel.
    case deliver([UInt8])
    /// Close.
    case close(RedisError)
  }

  private enum State {
    case connecting(deadline: NIODeadline)
    case greeting(remaining: ArraySlice<Greeting.Step>, deadline: NIODeadline)
    case ready
    case closed
  }

  private let greeting: Greeting
  private let timeout: TimeAmount
  private var state: State
  private var outstanding: CircularBuffer<(waiting: Waiting, deadline: NIODeadline)> = []

  /// A connection that is about to be opened.
  init(_ greeting: Greeting, timeout: TimeAmount, connectingUntil deadline: NIODeadline) {
    self.greeting = greeting
    self.timeout = timeout
    state = .connecting(deadline: deadline)
  }

  /// When ``tick(at:)`` has to be called next. All requests have the same time, so the oldest decides.
  var deadline: NIODeadline? {
    switch state {
    case .connecting(let deadline), .greeting(_, let deadline): deadline
    case .ready: outstanding.first?.deadline
    case .closed: nil
    }
  }

  /// The way to the server is open.
  mutating func connected(at now: NIODeadline) -> Action {
    guard case .connecting = state else { return .none }
    let steps = greeting.steps
    state = steps.isEmpty ? .ready : .greeting(remaining: steps[...], deadline: now + timeout)
    return steps.isEmpty ? .open : .greet
  }

  /// A command has been written. Only while the connection is open.
  mutating func sent(_ waiting: Waiting, at now: NIODeadline) {
    outstanding.append((waiting, now + timeout))
  }

  /// A reply has come.
  mutating func received(_ reply: RESPValue) -> Action {
    switch state {
    case .closed: return .none
    case .connecting: return close(RedisError("Redis spoke before it was asked"))
    case .greeting(let remaining, let deadline): return greeted(reply, remaining, deadline)
    case .ready: break
    }
    if greeting.channel != nil, let action = heard(reply) { return action }
    guard let oldest = outstanding.popFirst() else {
      return close(RedisError("Redis answered what was not asked"))
    }
    if case .error(let text) = reply, let fault = Self.fault(behind: text) {
      state = .closed
      return .answerThenClose(oldest.waiting, reply, fault)
    }
    return .answer(oldest.waiting, reply)
  }

  /// Time has passed.
  mutating func tick(at now: NIODeadline) -> Action {
    guard let deadline, deadline <= now else { return .none }
    return close(RedisError("Redis did not answer in time"))
  }

  /// The connection is gone. Returns what will never be answered.
  mutating func lost() -> [Waiting] {
    state = .closed
    defer { outstanding.removeAll() }
    return outstanding.map(\.waiting)
  }

  private mutating func greeted(
    _ reply: RESPValue, _ remaining: ArraySlice<Greeting.Step>, _ deadline: NIODeadline
  ) -> Action {
    guard let step = remaining.first else { return close(RedisError("Redis answered what was not asked")) }
    if let fault = greeting.fault(in: reply, to: step) { return close(fault) }
    let rest = remaining.dropFirst()
    state = rest.isEmpty ? .ready : .greeting(remaining: rest, deadline: deadline)
    return rest.isEmpty ? .open : .none
  }

  /// What a connection that listens hears; `nil` is the answer to a request.
  private mutating func heard(_ reply: RESPValue) -> Action? {
    let words = reply.elements
    switch words.first?.text {
    case "message", "smessage": return words.count == 3 ? words[2].bytes.map { .deliver($0) } : nil
    case "sunsubscribe", "unsubscribe": return close(RedisError("the channel has moved"))
    default: return nil
    }
  }

  private mutating func close(_ fault: RedisError) -> Action {
    state = .closed
    return .close(fault)
  }

  /// Errors after which the connection is of no more use: the server was made a replica, or began to load its data.
  private static func fault(behind error: String) -> RedisError? {
    for code in ["READONLY", "LOADING", "MASTERDOWN", "NOAUTH"] where error.hasPrefix(code) {
      return RedisError("Redis takes no more writes here: \(error)")
    }
    return nil
  }
}
