import Pipeline
import Services
import Testing

extension StoreContract {
  /// A push is kept once, for who has a device, until its message is seen or it is too old.
  public func keepsPushes() async throws {
    let store = try await make()
    let (one, two, three, other) = (message("1"), message("2"), message("3"), message("4", to: "c"))
    _ = await store.write([.addDevice(Device(userID: "b", token: "t", platform: nil))])
    _ = await store.write([one, two, three, other].map { .message($0) })
    let pushes = [one, one, two, three].map { DuePush($0.id, to: "b") } + [DuePush(other.id, to: "c")]
    #expect(await store.write(pushes.map { .push($0) }) == pushes.map { _ in .done })
    #expect(try await store.duePushes() == [one, two, three].map { DuePush($0.id, to: "b") })
    let now = Timestamp(milliseconds: 1_790_000_000_000)
    _ = await store.write([.receipt(Receipt(.read, by: "b", of: .messages([one.id]), at: now))])
    _ = await store.write([.revision(Revision(.delete, of: two.id, by: "a", at: now))])
    #expect(try await store.duePushes() == [DuePush(three.id, to: "b")])
    _ = await store.write([.pushesDecided(before: other.id, dropping: other.id)])
    #expect(try await store.duePushes().isEmpty)
    await store.close()
  }

  /// Without a mark nothing is undecided; behind it, what nobody has seen.
  public func findsUndecidedPushes() async throws {
    let store = try await make()
    let first = MessageID(rawValue: 0)
    let sent = (0..<5).map { message("\($0)") }
    let own = message("own", to: "a")
    _ = await store.write((sent + [own]).map { .message($0) })
    #expect(try await store.undecidedPushes(notBefore: first).isEmpty)
    _ = await store.write([.pushesDecided(before: sent[1].id, dropping: first)])
    let now = Timestamp(milliseconds: 1_790_000_000_000)
    _ = await store.write([.receipt(Receipt(.delivered, by: "b", of: .messages([sent[2].id]), at: now))])
    let open = [sent[1], sent[3], sent[4]].map { DuePush($0.id, to: "b") }
    #expect(try await store.undecidedPushes(notBefore: first) == open)
    #expect(try await store.undecidedPushes(notBefore: first, limit: 2) == Array(open.prefix(2)))
    #expect(try await store.undecidedPushes(notBefore: sent[4].id) == [open[2]])
    // The mark never goes back.
    _ = await store.write([.pushesDecided(before: first, dropping: first)])
    #expect(try await store.undecidedPushes(notBefore: first) == open)
    await store.close()
  }
}
