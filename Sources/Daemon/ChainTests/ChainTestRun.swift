import Pipeline
import Stages

/// Runs one test on a chain of its own, until a step has not met what is expected of it. Used by one task.
final class ChainTestRun {
  private let test: ChainTest
  private let chain: TestedChain
  private let secret: [UInt8]
  private var references = References()
  private var clients: [TestClient.Key: TestClient] = [:]

  private init(_ test: ChainTest, _ chain: TestedChain, secret: [UInt8]) {
    self.test = test
    self.chain = chain
    self.secret = secret
  }

  /// Runs a test.
  static func run(_ test: ChainTest, _ content: LoadedConfiguration.Content, secret: [UInt8]) async
    -> ChainTestResult
  {
    let chain: TestedChain
    do {
      chain = try await TestedChain(content, beginning: (test.time ?? ChainTest.usualTime).timestamp)
    } catch {
      return ChainTestResult(
        name: test.name.value, mismatches: [Mismatch(test.name.mark, "the chain can't start: \(error)")])
    }
    let result = await ChainTestRun(test, chain, secret: secret).result()
    await chain.shutDown()
    return result
  }

  private func result() async -> ChainTestResult {
    for step in test.steps {
      let failure = await failure(of: step)
      if let failure { return failure }
    }
    return ChainTestResult(name: test.name.value)
  }

  /// What is wrong with a step; `nil` where nothing is.
  private func failure(of step: Placed<ChainTestStep>) async -> ChainTestResult? {
    if let time = step.value.after?.duration { await chain.pass(time) }
    var last: EventTrace?
    if let type = step.value.type {
      let times = step.value.times?.value ?? 1
      for number in 1...times {
        references.number = number
        let (trace, mismatches) = await send(EventType(rawValue: type.value), step)
        last = trace
        guard mismatches.isEmpty else {
          await chain.settle()
          return failed(mismatches, step.value, trace, times > 1 ? "\(number) of \(times)" : nil)
        }
      }
      references.number = nil
    }
    let mismatches = await deliveryMismatches(step.value) + keep(step.value, last)
    guard !mismatches.isEmpty else {
      _ = chain.router.take()
      return nil
    }
    return failed(mismatches, step.value, last, nil)
  }

  /// Sends an event; gives what became of it and what was not met.
  private func send(_ type: EventType, _ step: Placed<ChainTestStep>) async -> (EventTrace, [Mismatch]) {
    let trace = EventTrace(of: type)
    let client: TestClient
    do throws(TokenRefusal) {
      client = try await self.client(for: step.value, type)
    } catch {
      return (error.trace, step.value.expect?.value.mismatches(error.trace, references) ?? [])
    }
    let event: Event
    do {
      event = try client.event(data(of: step.value, type), trace, arrival: chain.loop.clock.monotonic())
    } catch {
      let mark = step.value.data?.mark ?? step.mark
      return (trace, [Mismatch(mark, "this can be no event's data: \(error)")])
    }
    guard await chain.send(event) else {
      return (trace, [Mismatch(step.value.type?.mark ?? step.mark, "the event has not ended within 60 s")])
    }
    return (trace, step.value.expect?.value.mismatches(trace, references) ?? [])
  }

  private func data(of step: ChainTestStep, _ type: EventType) throws -> EventData {
    var data = EventData()
    if let node = step.data {
      let json = references.value(of: node)
      data = try EventData(json: Array(json.text.utf8))
    }
    if let token = step.token, type.bringsToken { data.set("token", to: try text(of: token.value)) }
    // As the gateway does, so that a rate limit counts what changes something.
    if type == .query, let call = data.string("query").flatMap(Call.init(rawValue:)), call.changes {
      try data.set("changes", json: Array("true".utf8))
    }
    return data
  }

  /// The client that a step's events come from: the same for all steps that say the same of it.
  ///
  /// - Throws: what became of its attempt to connect, where its token was refused.
  private func client(for step: ChainTestStep, _ type: EventType) async throws(TokenRefusal) -> TestClient {
    let key = TestClient.Key(step, bringsToken: type.bringsToken)
    if let client = clients[key] { return client }
    let client = TestClient(step, number: UInt64(clients.count + 1))
    clients[key] = client
    guard let token = step.token, !type.bringsToken else { return client }
    let isHTTP = step.ingress == .http
    var data: EventData = isHTTP ? ["query": Call.authenticate.rawValue] : EventData()
    if let text = try? text(of: token.value) { data.set("token", to: text) }
    let trace = EventTrace(of: isHTTP ? .query : .connect)
    let event = client.event(data, trace, arrival: chain.loop.clock.monotonic())
    guard await chain.send(event), trace.rejection == nil else {
      clients[key] = nil
      throw TokenRefusal(trace: trace)
    }
    return client
  }

  private func text(of token: TestToken) throws(SigningError) -> String {
    switch token {
    case .text(let text): return text
    case .claims(let claims):
      let now = chain.loop.clock.wall()
      let lifetime = claims.ttl == nil ? .seconds(3600) : claims.ttl?.duration
      return try JWT.mint(
        JWT.Claims(
          subject: claims.sub, name: claims.name, issuer: claims.iss, audience: claims.aud,
          scopes: claims.scope ?? [], issuedAt: now, expiresAt: lifetime.map { now + $0 }), secret: secret)
    }
  }

  private func deliveryMismatches(_ step: ChainTestStep) async -> [Mismatch] {
    await chain.settle()
    guard let expect = step.expect?.value else { return [] }
    for (user, events) in expect.delivers ?? [:] {
      await chain.awaitDeliveries(events.value.count, to: user)
    }
    return expect.mismatches(chain.router.all, references)
  }

  private func keep(_ step: ChainTestStep, _ trace: EventTrace?) -> [Mismatch] {
    let answer = trace?.answer.flatMap { try? JSONValue(parsing: Array($0.data)) }
    return (step.keep ?? [:]).sorted { $0.value.mark < $1.value.mark }.compactMap { name, member in
      guard let value = answer?[member.value] else {
        return Mismatch(member.mark, "the answer has no '\(member.value)' to keep")
      }
      references.keep(value, as: name)
      return nil
    }
  }

  private func failed(
    _ mismatches: [Mismatch], _ step: ChainTestStep, _ trace: EventTrace?, _ number: String?
  ) -> ChainTestResult {
    ChainTestResult(
      name: test.name.value, mismatches: mismatches,
      story: TestStory(
        step, trace, number: number, at: chain.loop.clock.wall(), delivered: chain.router.take()
      ).lines)
  }
}

/// A client that could not connect with its token.
private struct TokenRefusal: Error {
  let trace: EventTrace
}

extension EventType {
  /// Whether events of this type bring their token themselves.
  var bringsToken: Bool { self == .connect || self == .auth || self == .query }
}
