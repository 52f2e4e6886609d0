import Pipeline
import Services
import Testing

/// Which pushes an outbox keeps.
extension StoreContract {
  /// A job is kept for each device of the receiver, or one for the user, once, and in one service's outbox alone.
  public func keepsPushes() async throws {
    let outbox = try await PushOutbox(make())
    await outbox.register("phone", "tablet")
    let (one, two, other) = (message("1", "first"), message("2", metadata: "{}"), message("3", to: "c"))
    await outbox.write([
      .user(id: "a", name: "Ann"), .message(one), .message(two), .message(other),
    ])
    let begin = EngineClock.system.wall()
    await outbox.push(one, one)
    await outbox.push(one)
    await outbox.push(other, to: "c")
    // Somebody else's message, and one that does not exist.
    await outbox.push(one, to: "c")
    await outbox.push(message("4"))
    await outbox.write([.push(DuePush(two.id, to: "b", service: "hook", reach: .user))])

    let jobs = try await outbox.take()
    #expect(jobs.map(\.id.messageID) == [one.id, one.id])
    #expect(Set(jobs.map(\.id.deviceToken)) == ["phone", "tablet"])
    for job in jobs {
      #expect(job.id.service == "fcm" && job.receiverID == "b" && job.senderID == "a")
      #expect(job.senderName == "Ann" && job.content == "first" && job.metadata == nil)
      #expect(job.device?.token == job.id.deviceToken && job.device?.userID == "b")
      #expect(job.device?.platform == "android" && job.device?.lastSeen != nil)
      #expect(job.due >= begin && job.due <= EngineClock.system.wall() && job.attempts == 0)
    }
    let hooks = try await outbox.take(service: "hook")
    #expect(hooks.map(\.id) == [PushJobID(service: "hook", messageID: two.id)])
    #expect(hooks.map(\.device) == [nil] && hooks.map(\.metadata) == ["{}"])
    #expect(try await outbox.take(service: "none").isEmpty)
    await outbox.close()
  }

  /// What names something may hold no NUL, and what is refused for it fails alone.
  public func keepsPushesWithNUL() async throws {
    let outbox = try await PushOutbox(make())
    let sent = message("1")
    await outbox.write([.message(sent)])
    let job = PushJobID(service: "fcm", messageID: sent.id, deviceToken: "\0")
    let results = await outbox.store.write([
      .push(DuePush(sent.id, to: "b", service: "\0", reach: .user)),
      .push(DuePush(sent.id, to: "b", service: "fcm", reach: .user)),
      .pushesDecided(
        PushMarking(
          service: "\0", mark: PushMark(of: NodeID(rawValue: 1), decided: sent.id), dropping: sent.id)),
      .pushOutcome(job, lease: outbox.now, .done),
    ])
    guard case .refused = results[0], case .done = results[1], case .refused = results[2],
      case .refused = results[3]
    else { return #expect(Bool(false), "\(results)") }
    #expect(try await outbox.take().count == 1)
    await outbox.close()
  }

  /// A message that was delivered, read or deleted before or after it came to the outbox is not pushed, nor one of
  /// somebody who is blocked; nor is it counted any more once that was found out.
  public func dropsWhatNeedsNoPush() async throws {
    let outbox = try await PushOutbox(make())
    await outbox.register("phone")
    for isLate in [false, true] {
      let sent = ["delivered", "read", "deleted", "edited"].map { message("\($0) \(isLate)") }
      await outbox.write(sent.map { .message($0) })
      if isLate { await outbox.push(sent) }
      let at = outbox.now
      await outbox.write([.receipt(Receipt(.delivered, by: "b", of: .messages([sent[0].id]), at: at))])
      await outbox.write([.receipt(Receipt(.read, by: "b", of: .messages([sent[1].id]), at: at))])
      await outbox.write([.revision(Revision(.delete, of: sent[2].id, by: "a", at: at))])
      await outbox.write([.revision(Revision(.edit(content: "new"), of: sent[3].id, by: "a", at: at))])
      if !isLate { await outbox.push(sent) }
      #expect(try await outbox.store.pushBacklog().count == (isLate ? 4 : 1))
      let jobs = try await outbox.take()
      #expect(jobs.map(\.id.messageID) == [sent[3].id] && jobs.map(\.content) == ["new"])
      await outbox.settle(jobs, .done)
      #expect(try await outbox.store.pushBacklog() == PushBacklog(count: 0))
    }
    for (blocker, blocked) in [("a", "b"), ("b", "a")] {
      let sent = message("blocked by \(blocker)")
      await outbox.write([.message(sent)])
      await outbox.push(sent)
      await outbox.write([.link(LinkRequest(.block, by: blocker, about: blocked, at: outbox.now))])
      #expect(try await outbox.take().isEmpty)
      #expect(try await outbox.store.pushBacklog().count == 0)
      await outbox.write([.link(LinkRequest(.remove, by: blocker, about: blocked, at: outbox.now))])
    }
    await outbox.close()
  }

  /// However much of a lane is not wanted any more, what is comes.
  public func findsWhatIsWantedAmongMuchThatIsNot() async throws {
    let outbox = try await PushOutbox(make())
    await outbox.register("phone")
    let sent = (0..<450).map { message("\($0)") }
    await outbox.write(sent.map { .message($0) })
    await outbox.push(sent)
    await outbox.write([.receipt(Receipt(.read, by: "b", of: .upTo(sent[448].id), at: outbox.now))])
    #expect(try await outbox.take(limit: 1).map(\.id.messageID) == [sent[449].id])
    #expect(try await outbox.store.pushBacklog().count == 1)
    await outbox.close()
  }

  /// Erasing a user takes what is to be pushed to them; what they sent is not pushed any more.
  public func erasesPushes() async throws {
    let outbox = try await PushOutbox(make())
    await outbox.register("phone")
    await outbox.register("other", user: "c")
    let (gone, kept) = (message("1", from: "c"), message("2", to: "c"))
    let own = message("3", from: "b", to: "c")
    await outbox.write([.message(gone), .message(kept), .message(own)])
    await outbox.push(gone)
    await outbox.push(kept, own, to: "c")
    await outbox.write([.push(DuePush(gone.id, to: "b", service: "hook", reach: .user))])
    for _ in 0..<2 { await outbox.write([.erase(userID: "b", at: outbox.now)]) }
    #expect(try await outbox.store.pushBacklog(service: "hook").count == 0)
    #expect(try await outbox.store.pushBacklog().count == 2)
    #expect(try await outbox.take().map(\.id.messageID) == [kept.id])
    await outbox.close()
  }

  /// A service counts its own jobs, those under way included, up to a limit, and tells since when the oldest waits.
  public func countsPushes() async throws {
    let outbox = try await PushOutbox(make())
    await outbox.register("phone")
    #expect(try await outbox.store.pushBacklog() == PushBacklog(count: 0))
    let sent = (0..<5).map { message("\($0)") }
    await outbox.write(sent.map { .message($0) })
    let begin = EngineClock.system.wall()
    await outbox.push(sent)
    await outbox.write([.push(DuePush(sent[0].id, to: "b", service: "hook", reach: .user))])
    let jobs = try await outbox.take()
    let backlog = try await outbox.store.pushBacklog()
    #expect(backlog.count == 5 && backlog.oldestDue.map { $0 >= begin && $0 == jobs.first?.due } == true)
    #expect(try await outbox.store.pushBacklog(upTo: 3).count == 3)
    #expect(try await outbox.store.pushBacklog(service: "hook").count == 1)
    await outbox.close()
  }

  /// What nobody has seen is found from a mark on, in pages.
  public func findsUndecidedPushes() async throws {
    let store = try await make()
    let sent = (0..<5).map { message("\($0)") }
    let own = message("own", to: "a")
    _ = await store.write((sent + [own]).map { .message($0) })
    let now = Timestamp(milliseconds: 1_790_000_000_000)
    _ = await store.write([.receipt(Receipt(.delivered, by: "b", of: .messages([sent[2].id]), at: now))])
    let open = [sent[1], sent[3], sent[4]].map { UndecidedPush($0.id, to: "b") }
    #expect(try await store.undecidedPushes(notBefore: sent[1].id) == open)
    #expect(try await store.undecidedPushes(notBefore: sent[1].id, limit: 2) == Array(open.prefix(2)))
    let next = MessageID(rawValue: open[1].messageID.rawValue + 1)
    #expect(try await store.undecidedPushes(notBefore: next, limit: 2) == [open[2]])
    await store.close()
  }

  /// With the mark go a service's jobs for messages that are too old, and no others.
  public func dropsOldPushes() async throws {
    let outbox = try await PushOutbox(make())
    await outbox.register("phone")
    let (old, young, lone) = (message("1"), message("2"), message("3", from: "c"))
    await outbox.write([.message(old), .message(young), .message(lone)])
    await outbox.push(old, young, lone)
    await outbox.write([.push(DuePush(old.id, to: "b", service: "hook", reach: .user))])
    await outbox.mark(young.id, dropping: young.id)
    #expect(try await outbox.store.pushBacklog().count == 2)
    #expect(try await outbox.take().map(\.id.messageID) == [young.id, lone.id])
    #expect(try await outbox.take(service: "hook").map(\.id.messageID) == [old.id])
    await outbox.close()
  }
}
