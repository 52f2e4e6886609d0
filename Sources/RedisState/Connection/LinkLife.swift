/// What a link remembers from life to life. Confined to its event loop.
struct LinkLife {
  var handler: RedisChannelHandler?
  var isStopped = false
  var lives = 0
  var backoff = Backoff()
  var lastFault: RedisError?
  /// Whether a connection was tried before.
  var hasTried = false
}
