import Glibc
import Synchronization

/// A thread that takes jobs in order, all that wait at once: while it works on some, the next gather by themselves.
///
/// For work that blocks: a database file, a library without an asynchronous interface. The queue is bounded by
/// the jobs' total weight. A thread that has something to look after besides its jobs, such as a connection that
/// comes back, is given a tick: it is woken that often with no jobs.
public final class WorkerThread<Job: Sendable>: Sendable {
  private struct Queue {
    var jobs: [Job] = []
    var weight = 0
    var ending = false
    var ended = false
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  private let queue = Mutex(Queue())
  private let wake = Semaphore()
  private let limit: Int
  private let tick: Duration?
  private let work: @Sendable ([Job]) -> Void

  /// Starts a thread that calls `work` with all the jobs that wait, in the order of their submission.
  ///
  /// - Parameters:
  ///   - limit: The most weight that may wait.
  ///   - tick: How long after the last work it is called with no jobs where none have come; `nil`: never.
  public init(limit: Int, tick: Duration? = nil, work: @escaping @Sendable ([Job]) -> Void) {
    self.limit = limit
    self.tick = tick
    self.work = work
    DetachedThread.start { self.run() }
  }

  /// The weight of the jobs that wait; those that the thread is working on have left the queue.
  public var waitingWeight: Int { queue.withLock { $0.weight } }

  /// Hands a job over; `false` where the queue is full or the thread is ending, and the job was not taken.
  public func submit(_ job: Job, weight: Int = 1) -> Bool {
    let taken = queue.withLock { queue in
      guard !queue.ending, queue.weight + weight <= limit || queue.jobs.isEmpty else { return (false, false) }
      queue.jobs.append(job)
      queue.weight += weight
      return (true, queue.jobs.count == 1)
    }
    if taken.1 { wake.signal() }
    return taken.0
  }

  /// Takes no more jobs, and returns when those taken are done and the thread has ended.
  public func end() async {
    await withCheckedContinuation { continuation in
      let ended = queue.withLock { queue in
        queue.ending = true
        if !queue.ended { queue.waiters.append(continuation) }
        return queue.ended
      }
      if ended { continuation.resume() } else { wake.signal() }
    }
  }

  /// Takes no more jobs; the thread ends by itself when those taken are done.
  public func dismiss() {
    queue.withLock { $0.ending = true }
    wake.signal()
  }

  private func run() {
    while true {
      let isTick = !wake.wait(atMost: tick)
      let (jobs, ending) = queue.withLock { queue in
        let jobs = queue.jobs
        queue.jobs = []
        queue.weight = 0
        return (jobs, queue.ending)
      }
      if !jobs.isEmpty || isTick && !ending { work(jobs) }
      // A job taken after the last look has signalled too, so only an empty queue ends the thread.
      guard ending, queue.withLock({ $0.jobs.isEmpty }) else { continue }
      let waiters = queue.withLock { queue in
        queue.ended = true
        return queue.waiters
      }
      for waiter in waiters { waiter.resume() }
      return
    }
  }
}

/// A counting semaphore of the system's, which a thread of our own may wait on.
///
/// `Sendable` is not checked by the compiler and holds because POSIX semaphores may be used from any thread, and the
/// pointer never changes.
private final class Semaphore: @unchecked Sendable {
  private let handle = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() { sem_init(handle, 0, 0) }

  deinit {
    sem_destroy(handle)
    handle.deallocate()
  }

  func signal() { sem_post(handle) }

  /// Waits for a signal; `false` where none has come in time.
  func wait(atMost limit: Duration?) -> Bool {
    guard let limit else {
      while sem_wait(handle) != 0 {}
      return true
    }
    // This wait goes by the wall clock; where that is set back, a tick is late once.
    var deadline = timespec()
    clock_gettime(CLOCK_REALTIME, &deadline)
    let nanoseconds = Int64(deadline.tv_nsec) + max(0, limit.wholeNanoseconds)
    deadline.tv_sec += Int(nanoseconds / 1_000_000_000)
    deadline.tv_nsec = Int(nanoseconds % 1_000_000_000)
    while sem_timedwait(handle, &deadline) != 0 {
      if errno == ETIMEDOUT { return false }
    }
    return true
  }
}

/// A batch on its way through a worker's thread.
struct WorkerJob: Sendable {
  let batch: EventBatch
  let done: @Sendable (EventBatch) -> Void

  /// Runs what waits as one batch and gives each submission its own part back.
  static func run(_ jobs: [WorkerJob], _ work: (inout EventBatch) -> Void) {
    if jobs.count == 1 {
      var batch = jobs[0].batch
      work(&batch)
      return jobs[0].done(batch)
    }
    let events = jobs.flatMap(\.batch.events)
    var whole = EventBatch(events)
    work(&whole)
    if whole.count != events.count { whole = .failed(events, StageFault.otherEvents) }
    var start = 0
    for job in jobs {
      let end = start + job.batch.count
      job.done(whole.slice(start..<end))
      start = end
    }
  }
}
