import NIOCore
import Pipeline

/// What the operator may do with a running daemon, over its control socket.
struct ControlDesk: Sendable {
  let reloader: Reloader
  let overview: Overview
  let taps: TapHub
  let letters: DeadLetterBox
  /// The loop that dead letters are tried again on.
  let loop: LoopGateway
  let shared: GatewayShared
  /// Where the stages are that push.
  let generations: Generations
}
