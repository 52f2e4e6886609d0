import NIOCore
import NIOHTTP1
import Pipeline

/// What the operator and their tools read: health, readiness, metrics, the chain in force. It changes nothing.
final class AdminHandler: HTTPExchange {
  private let overview: Overview

  init(overview: Overview) { self.overview = overview }

  override func take(_ head: HTTPRequestHead, body: [UInt8]) {
    guard head.method == .GET else {
      var reply = HTTPReply.problem(.methodNotAllowed, Rejection(.invalidEvent, "use GET"))
      reply.headers.append(("Allow", "GET"))
      return answer(reply)
    }
    switch head.uri.prefix(while: { $0 != "?" }) {
    case "/healthz": answer(.text(.ok, "ok\n"))
    case "/openz": answer(overview.openness)
    case "/readyz": answerLater { $0.readiness() }
    case "/metrics": answerLater { $0.metrics() }
    case "/pipeline": answerLater { $0.pipeline() }
    default:
      answer(.problem(Rejection(.notFound, "there are /healthz, /openz, /readyz, /metrics and /pipeline")))
    }
  }

  private func answerLater(_ make: (Overview) -> EventLoopFuture<HTTPReply>) {
    guard let loop = context?.eventLoop else { return }
    let bound = NIOLoopBound(self, eventLoop: loop)
    make(overview).hop(to: loop).whenComplete { result in
      switch result {
      case .success(let reply): bound.value.answer(reply)
      case .failure: bound.value.answer(.problem(Rejection(.internal, "the figures can't be had")))
      }
    }
  }
}
