import NIOCore
import NIOHTTP1
import Pipeline

/// The control socket's requests: those of `sluice reload`, `plan`, `top`, `tap`, `dead-letters` and `push`. HTTP, so that
/// they can be made with any client that takes a socket: `curl --unix-socket PATH http://control/status`.
final class ControlHandler: HTTPExchange {
  private let desk: ControlDesk
  private var tap: TapStream?

  init(desk: ControlDesk) { self.desk = desk }

  override func take(_ head: HTTPRequestHead, body: [UInt8]) {
    guard let query = QueryString(target: head.uri) else {
      return answer(.problem(Rejection(.invalidEvent, "the request's target is malformed")))
    }
    switch (head.method, query.path) {
    case (.POST, "/reload"):
      let mayWait = !query.all.contains { $0.name == "wait" && $0.value == "0" }
      answer { desk in await desk.reload(waits: mayWait) }
    case (.GET, "/plan"): answer { desk in try await desk.plan() }
    case (.GET, "/status"): answer { desk in try await desk.overview.status().get() }
    case (.GET, "/tap"): stream(query)
    case (.GET, "/dead-letters"): answer { desk in try await desk.letters(query) }
    case (.POST, "/push/test"): answer { desk in try await desk.tryPush(query) }
    default:
      guard let letter = LetterRequest(head.method, query) else {
        return answer(
          .problem(
            Rejection(
              .notFound, "there are POST /reload and /push/test, GET /plan, /status, /tap and /dead-letters"))
        )
      }
      answer { desk in try await desk.answer(letter) }
    }
  }

  override func channelInactive(context: ChannelHandlerContext) {
    tap?.end()
    tap = nil
    super.channelInactive(context: context)
  }

  private func answer(_ make: @escaping @Sendable (ControlDesk) async throws -> HTTPReply) {
    guard let loop = context?.eventLoop else { return }
    let bound = NIOLoopBound(self, eventLoop: loop)
    let desk = desk
    Task {
      let reply: HTTPReply
      do { reply = try await make(desk) } catch let rejection as Rejection {
        reply = .problem(rejection)
      } catch {
        reply = .problem(Rejection(.internal, "\(error)"))
      }
      loop.execute { bound.value.answer(reply) }
    }
  }

  private func stream(_ query: QueryString) {
    guard let context else { return }
    do throws(Rejection) {
      tap = TapStream(try TapFilter(query), desk.taps, on: context)
    } catch {
      answer(.problem(error))
    }
  }
}

extension ControlDesk {
  /// Reloads, and answers with the verdict.
  fileprivate func reload(waits: Bool) async -> HTTPReply {
    guard waits else {
      Task { await reloader.reload() }
      return HTTPReply(status: .accepted)
    }
    let verdict = await reloader.reload()
    var writer = JSONObjectWriter()
    verdict.write(to: &writer, isOpen: false)
    return HTTPReply(status: verdict.result == .ok ? .ok : .conflict, body: writer.finish())
  }

  /// Answers with what a reload would do.
  fileprivate func plan() async throws -> HTTPReply {
    let (diagnostics, changes) = try await reloader.plan()
    var writer = JSONObjectWriter()
    writer.member("diagnostics", diagnostics)
    if let changes { writer.array("changes", of: changes) { $1.write(to: &$0, isOpen: false) } }
    return HTTPReply(status: changes == nil ? .conflict : .ok, body: writer.finish())
  }
}
