import Glibc

/// What a thread has spent on a piece of work, told apart from what other threads and programs did meanwhile.
struct LoopTime: Sendable {
  /// How often it gave its core away by itself: it waited for something.
  let waits: Int
  /// How long it computed, in nanoseconds.
  let computed: UInt64

  /// Does a piece of work on the calling thread.
  init(of work: () -> Void) {
    let before = Self.now
    work()
    let after = Self.now
    waits = after.switches - before.switches
    computed = after.nanoseconds - before.nanoseconds
  }

  private static var now: (switches: Int, nanoseconds: UInt64) {
    var usage = rusage()
    // RUSAGE_THREAD, which Swift's module of the C library leaves out.
    getrusage(__rusage_who_t(1), &usage)
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return (usage.ru_nvcsw, UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
  }
}
