import Logging
import Pipeline
import Services

/// Asks a server of one's own about each link in a message: what that refuses is not sent.
///
/// `GET ADDRESS?url=LINK` is answered with 2xx where the link may be sent, and with 403 where not. Anything else, and
/// nothing in time, is a fault: `on_error` decides. After some faults in a row the server is left alone for a while, and the
/// stage fails at once.
public struct LinkPolicy: AsyncStage {
  public static let name = "link_policy"
  public static let summary = "asks a server whether the links in a message may be sent"
  public static let options = LinkPolicyConfiguration.options
  public static let events: EventFilter = .only(.newMessage, .editMessage)

  private let configuration: LinkPolicyConfiguration
  private let web: any WebFetcher
  private let breaker: SharedBreaker
  private let refused: StageMetric
  private let clock: EngineClock
  private let logger: Logger

  public static func check(_ configuration: LinkPolicyConfiguration, _ report: inout ConfigurationReport) {
    configuration.check(&report)
  }

  public init(_ configuration: LinkPolicyConfiguration, _ context: StageContext) throws {
    self.configuration = configuration
    web = try context.require(WebFetcherKey.self)
    breaker = SharedBreaker(Breaker(limit: configuration.faultLimit, pause: configuration.pauseTime))
    refused = try context.counter("links_refused", "Messages refused for a link in them.")
    clock = context.clock
    logger = context.logger
  }

  public func process(_ event: inout Event) async throws -> Verdict {
    let links = Links.found(in: event.data.string("content") ?? "")
    guard links.count <= configuration.linkLimit else {
      return .reject("TOO_MANY_LINKS", "a message has at most \(configuration.linkLimit) links")
    }
    for link in links {
      guard try await mayBeSent(link) else {
        refused.add()
        return .reject("LINK_REFUSED", "a link in it may not be sent")
      }
    }
    return .continue
  }

  private func mayBeSent(_ link: String) async throws -> Bool {
    guard breaker.mayAsk(at: clock.monotonic()) else { throw LinkPolicyFault.paused }
    do {
      let response = try await web.get(
        "\(configuration.address)?url=\(Links.escaped(link))", limit: 4096, timeout: configuration.waitTime)
      guard response.status == 403 || (200..<300).contains(response.status) else {
        throw LinkPolicyFault.answer(response.status)
      }
      breaker.heard()
      return response.status != 403
    } catch {
      // Also where the time of the event is up: whoever waits too long counts as not there.
      if breaker.missed(at: clock.monotonic()) {
        logger.warning(
          "the link policy's server is left alone for a while", metadata: ["reason": "\(error)"])
      }
      throw error
    }
  }
}

/// Why a link could not be asked about.
enum LinkPolicyFault: Error, CustomStringConvertible {
  case paused
  case answer(Int)

  var description: String {
    switch self {
    case .paused: "the server has failed too often and is left alone for a while"
    case .answer(let status): "the server has answered with \(status)"
    }
  }
}
