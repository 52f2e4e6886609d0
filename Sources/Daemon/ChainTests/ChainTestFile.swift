import Pipeline

/// What a file of chain tests holds: the configuration whose chain is tested, and tests.
struct ChainTestFile: Decodable, Sendable {
  /// The configuration's file, relative to this one's folder.
  var config: Placed<String>
  var tests: [ChainTest]
}

/// One test: what is sent in turn, through a chain that has seen nothing before.
struct ChainTest: Decodable, Sendable {
  var name: Placed<String>
  /// When it begins.
  var time: TestMoment?
  var steps: [Placed<ChainTestStep>]

  /// When a test begins that does not say.
  static let usualTime = TestMoment(timestamp: Timestamp(milliseconds: 1_767_268_800_000))
}

/// One step: time that passes, an event that is sent, or both; and what is expected of it.
struct ChainTestStep: Decodable, Sendable {
  /// How much time passes before.
  var after: ConfigDuration?
  /// The sender, who needs no token.
  var from: Placed<String>?
  var name: String?
  var scopes: [String]?
  /// Whether one's own backend sends it in the user's name.
  var backend: Bool?
  /// A token for the chain to judge.
  var token: Placed<TestToken>?
  var ingress: TestIngress?
  var ip: TestAddress?
  var type: Placed<String>?
  var data: YAMLNode?
  /// How often it is sent, one after the other.
  var times: Placed<Int>?
  /// Members of the answer that later steps refer to, by the names that they give them.
  var keep: [String: Placed<String>]?
  var expect: Placed<Expectation>?

  enum CodingKeys: String, CodingKey {
    case after, from, name, scopes, backend, token, ingress, ip, type, data, keep, expect
    case times = "repeat"
  }

  /// How often it is sent at most.
  static let mostTimes = 100_000
}

/// What is expected of a step. What it does not name is not looked at.
struct Expectation: Decodable, Sendable {
  /// How each of its events ends.
  var verdict: Placed<TestVerdict>?
  /// The stage that says so.
  var stage: Placed<String>?
  /// The code that it is rejected with.
  var code: Placed<String>?
  /// What stages say of each event, by their names.
  var stages: [String: Placed<StageSaying>]?
  /// What the sender is told of each.
  var answer: Placed<ExpectedEvent>?
  /// What users get during the step, by their names: all of it, in order.
  var delivers: [String: Placed<[Placed<ExpectedEvent>]>]?

  var isEmpty: Bool {
    verdict == nil && stage == nil && code == nil && stages == nil && answer == nil && delivers == nil
  }
}

/// An event for a client, as far as it is described.
struct ExpectedEvent: Decodable, Sendable {
  var type: Placed<String>?
  /// Members that it has among others.
  var data: YAMLNode?
}

/// How an event ends.
enum TestVerdict: String, Decodable, Sendable, CaseIterable {
  case `continue`, stop, reject
}

/// What a stage says of an event.
enum StageSaying: String, Decodable, Sendable, CaseIterable {
  case `continue`, stop, reject, fault
  /// It says so, and is not obeyed.
  case wouldStop = "would stop"
  case wouldReject = "would reject"
  /// It was not given the event.
  case nothing
}
