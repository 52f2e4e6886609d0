import Pipeline
import Services
import Testing

/// Who has a job of an outbox, and what becomes of it.
extension StoreContract {
  /// Many who take at once get each job once, and none while it is leased.
  public func givesEachPushOnce() async throws {
    let outbox = try await PushOutbox(make())
    let receivers = (0..<60).map { "b\($0)" }
    for receiver in receivers { await outbox.register("phone of \(receiver)", user: receiver) }
    let sent = receivers.map { message("to \($0)", to: $0) }
    await outbox.write(sent.map { .message($0) })
    for message in sent { await outbox.push(message, to: message.receiverID) }
    let taken = try await withThrowingTaskGroup { tasks in
      for _ in 0..<20 { tasks.addTask { try await outbox.take(limit: 7) } }
      return try await tasks.reduce(into: [[PushJob]]()) { $0.append($1) }
    }
    #expect(taken.allSatisfy { $0.count <= 7 && $0 == $0.sorted { $0.id.messageID < $1.id.messageID } })
    // Who finds others busy with some may get fewer than there are.
    let all = try await taken.joined() + outbox.take()
    #expect(all.count == 60 && Set(all.map(\.id.messageID)) == Set(sent.map(\.id)))
    #expect(try await outbox.take().isEmpty)
    await outbox.settle(all, .done)
    #expect(try await outbox.take(after: 1000).isEmpty)
    #expect(try await outbox.store.pushBacklog() == PushBacklog(count: 0))
    await outbox.close()
  }

  /// Those that have waited longest are given first.
  public func givesTheLongestWaitingFirst() async throws {
    let outbox = try await PushOutbox(make())
    var sent: [NewMessage] = []
    for number in 0..<6 {
      await outbox.register("phone \(number)", user: "b\(number)")
      let next = message("\(number)", to: "b\(number)")
      await outbox.write([.message(next)])
      await outbox.push(next, to: next.receiverID)
      sent.append(next)
      let due = EngineClock.system.wall()
      while EngineClock.system.wall() == due { await Task.yield() }
    }
    #expect(try await outbox.take(limit: 2).map(\.id.messageID) == sent[0..<2].map(\.id))
    #expect(try await outbox.take(limit: 2).map(\.id.messageID) == sent[2..<4].map(\.id))
    #expect(try await outbox.take().map(\.id.messageID) == sent[4..<6].map(\.id))
    await outbox.close()
  }

  /// A job whose lease has ended goes to somebody else; what its first holder says of it then changes nothing.
  public func takesOverLapsedPushes() async throws {
    let outbox = try await PushOutbox(make())
    await outbox.register("phone")
    let sent = message("1")
    await outbox.write([.message(sent)])
    await outbox.push(sent)
    let first = try await outbox.take()
    #expect(try await outbox.take(after: 29).isEmpty)
    let second = try await outbox.take(after: 30)
    #expect(second.map(\.id) == first.map(\.id) && second.map(\.attempts) == [0])
    #expect(second[0].lease > first[0].lease)
    for outcome: PushOutcome in [
      .done, .retry(at: outbox.now), .release, .deviceGone, .deviceQuarantined,
    ] {
      await outbox.settle(first, outcome)
      #expect(try await outbox.take(after: 31).isEmpty)
      #expect(try await outbox.store.pushBacklog().count == 1)
      #expect(try await outbox.store.devices(of: "b").count == 1)
    }
    await outbox.settle(second, .done)
    // Saying it again, or of a job that is no more, is no harm.
    await outbox.settle(second + first, .done)
    #expect(try await outbox.take(after: 1000).isEmpty)
    await outbox.close()
  }

  /// Of one conversation one device gets one message at a time, in their order; others do not wait for it.
  public func keepsTheOrderOfPushes() async throws {
    let outbox = try await PushOutbox(make())
    await outbox.register("phone", "tablet")
    let (one, two, three) = (message("1"), message("2"), message("3"))
    let other = message("4", from: "c")
    await outbox.write([one, two, three, other].map { .message($0) })
    // Decided later, one is still before two.
    await outbox.push(two, three, other)
    await outbox.push(one)
    let first = try await outbox.take()
    #expect(first.map(\.id.messageID) == [one.id, one.id, other.id, other.id])
    #expect(try await outbox.take().isEmpty)
    let phone = first.filter { $0.id.deviceToken == "phone" && $0.id.messageID == one.id }
    let tablet = first.filter { $0.id.deviceToken == "tablet" && $0.id.messageID == one.id }
    await outbox.settle(phone, .done)
    await outbox.settle(tablet, .retry(at: outbox.now + .seconds(5)))
    let second = try await outbox.take()
    #expect(second.map(\.id) == [PushJobID(service: "fcm", messageID: two.id, deviceToken: "phone")])
    // What waits to be tried again holds back what is behind it.
    #expect(try await outbox.take(after: 4).isEmpty)
    let again = try await outbox.take(after: 5)
    #expect(again.map(\.id) == tablet.map(\.id) && again.map(\.attempts) == [1])
    await outbox.settle(second + again, .done)
    let third = try await outbox.take(after: 5)
    #expect(third.map(\.id.messageID) == [two.id, three.id])
    await outbox.settle(third, .done)
    #expect(try await outbox.take(after: 5).map(\.id.messageID) == [three.id])
    await outbox.close()
  }

  /// What is kept while an earlier one is under way comes after it, also where it is of an older message.
  public func keepsPushesBehindOneUnderWay() async throws {
    let outbox = try await PushOutbox(make())
    await outbox.register("phone")
    let (one, two) = (message("1"), message("2"))
    await outbox.write([.message(one), .message(two)])
    await outbox.push(two)
    let first = try await outbox.take()
    await outbox.push(one)
    #expect(try await outbox.take().isEmpty)
    await outbox.settle(first, .release)
    let second = try await outbox.take()
    #expect(second.map(\.id.messageID) == [one.id])
    // Of the one that was under way before nothing can be said any more.
    await outbox.settle(first, .done)
    await outbox.settle(second, .done)
    #expect(try await outbox.take().map(\.id.messageID) == [two.id])
    await outbox.close()
  }

  /// A failed job waits for its moment, and counts its failures; one that is given back is to be had at once, untouched.
  public func retriesPushes() async throws {
    let outbox = try await PushOutbox(make())
    await outbox.register("phone")
    let sent = message("1")
    await outbox.write([.message(sent)])
    await outbox.push(sent)
    let first = try await outbox.take()
    for attempt in 1...3 {
      let end = Int64(attempt * 10)
      let jobs = attempt == 1 ? first : try await outbox.take(after: end - 10)
      await outbox.settle(jobs, .retry(at: outbox.now + .seconds(end)))
      #expect(try await outbox.take(after: end - 1).isEmpty)
      let again = try await outbox.take(after: end)
      #expect(again.map(\.attempts) == [attempt] && again.map(\.due) == first.map(\.due))
      await outbox.settle(again, .release)
    }
    let released = try await outbox.take(after: 30)
    #expect(released.map(\.attempts) == [3] && released.map(\.id) == first.map(\.id))
    await outbox.close()
  }

  /// What is done with is not kept again as long as it may be decided on again; to another device it goes.
  public func keepsNoPushTwice() async throws {
    let outbox = try await PushOutbox(make())
    await outbox.register("phone")
    let (one, two) = (message("1"), message("2"))
    await outbox.write([.message(one), .message(two)])
    await outbox.mark(one.id)
    await outbox.write([.push(DuePush(one.id, to: "b", service: "hook", reach: .user))])
    await outbox.push(one, two)
    await outbox.settle(try await outbox.take(), .done)
    await outbox.settle(try await outbox.take(), .retry(at: outbox.now))
    await outbox.push(one, two)
    #expect(try await outbox.take().map(\.id.messageID) == [two.id])
    await outbox.register("tablet")
    await outbox.push(one)
    #expect(try await outbox.take().map(\.id.deviceToken) == ["tablet"])
    // A service without a mark decides on nothing again, and remembers nothing.
    for _ in 0..<2 {
      await outbox.settle(try await outbox.take(service: "hook"), .done)
      #expect(try await outbox.store.pushBacklog(service: "hook").count == 0)
      await outbox.write([.push(DuePush(one.id, to: "b", service: "hook", reach: .user))])
    }
    #expect(try await outbox.take(service: "hook").count == 1)
    // What is before the mark is not decided on again, and need not be remembered.
    await outbox.mark(two.id)
    await outbox.push(one)
    #expect(try await outbox.store.pushBacklog().count == 3)
    // What is given up may be kept again.
    let lost = DuePush(two.id, to: "b", service: "pager", reach: .user)
    await outbox.mark(one.id, service: "pager")
    await outbox.write([.push(lost)])
    for outcome in [PushOutcome.lost, .done] {
      let jobs = try await outbox.take(service: "pager")
      #expect(jobs.map(\.id.messageID) == [two.id])
      await outbox.settle(jobs, outcome)
      await outbox.write([.push(lost)])
    }
    #expect(try await outbox.take(service: "pager").isEmpty)
    await outbox.close()
  }

  /// A device that is gone takes its other jobs with it, and leaves those of others.
  public func forgetsDevicesThatAreGone() async throws {
    let outbox = try await PushOutbox(make())
    await outbox.register("phone", "tablet")
    let (one, two, other) = (message("1"), message("2"), message("3", from: "c"))
    await outbox.write([one, two, other].map { .message($0) })
    await outbox.push(one, two)
    let jobs = try await outbox.take()
    await outbox.push(other)
    await outbox.settle(jobs.filter { $0.id.deviceToken == "phone" }, .deviceGone)
    #expect(try await outbox.store.devices(of: "b").map(\.token) == ["tablet"])
    #expect(try await outbox.take().map(\.id.deviceToken) == ["tablet"])
    await outbox.settle(jobs.filter { $0.id.deviceToken == "tablet" }, .done)
    #expect(try await outbox.take().map(\.id.messageID) == [two.id])
    #expect(try await outbox.store.pushBacklog().count == 2)
    await outbox.close()
  }

  /// A service sends nothing more to a device that is not its own, until it is registered again; others go on.
  public func quarantinesDevices() async throws {
    let outbox = try await PushOutbox(make())
    await outbox.register("phone")
    let sent = (0..<4).map { message("\($0)") }
    await outbox.write(sent.map { .message($0) })
    await outbox.push(sent[0], sent[1])
    await outbox.settle(try await outbox.take(), .deviceQuarantined)
    #expect(try await outbox.store.devices(of: "b").map(\.token) == ["phone"])
    await outbox.push(sent[2])
    #expect(try await outbox.take().isEmpty)
    #expect(try await outbox.store.pushBacklog().count == 0)
    await outbox.write([.push(DuePush(sent[2].id, to: "b", service: "other", reach: .devices))])
    #expect(try await outbox.take(service: "other").map(\.id.deviceToken) == ["phone"])
    await outbox.register("phone")
    await outbox.push(sent[3])
    #expect(try await outbox.take().map(\.id.messageID) == [sent[3].id])
    await outbox.close()
  }

  /// What was for one user never goes to a device after it has become another's, nor does what is said of it then.
  public func keepsPushesFromOthers() async throws {
    let outbox = try await PushOutbox(make())
    await outbox.register("phone")
    let (one, two, other) = (message("1"), message("2"), message("3", to: "c"))
    await outbox.write([one, two, other].map { .message($0) })
    await outbox.push(one, two)
    let jobs = try await outbox.take()
    await outbox.register("phone", user: "c")
    await outbox.settle(jobs, .deviceGone)
    #expect(try await outbox.store.devices(of: "c").map(\.token) == ["phone"])
    await outbox.push(other, to: "c")
    #expect(try await outbox.take().map(\.id.messageID) == [other.id])
    await outbox.write([.removeDevices(of: "c", token: nil)])
    #expect(try await outbox.take(after: 31).isEmpty)
    #expect(try await outbox.store.pushBacklog().count == 0)
    await outbox.close()
  }

  /// A token may be longer than what an index takes.
  public func pushesToLongTokens() async throws {
    let outbox = try await PushOutbox(make())
    let token = (0..<400).map { _ in String(UInt64.random(in: 0...UInt64.max), radix: 36) }.joined().prefix(
      4096)
    await outbox.register(String(token))
    let sent = message("1")
    await outbox.write([.message(sent)])
    await outbox.push(sent)
    let jobs = try await outbox.take()
    #expect(jobs.map(\.id.deviceToken) == [String(token)])
    await outbox.settle(jobs, .deviceGone)
    #expect(try await outbox.store.devices(of: "b").isEmpty)
    #expect(try await outbox.store.pushBacklog().count == 0)
    await outbox.close()
  }
}
