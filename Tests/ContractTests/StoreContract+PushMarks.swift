import Pipeline
import Services
import Testing

/// The marks up to which nodes have decided on pushes.
extension StoreContract {
  /// A mark that nobody renews goes to one who asks, and from a taker that dies to the next; one that is renewed, to nobody.
  public func takesMarksOver() async throws {
    let outbox = try await PushOutbox(make())
    let sent = (0..<3).map { message("\($0)") }
    let hour = Duration.seconds(3600)
    #expect(await outbox.takeMarks(by: 1).isEmpty)
    await outbox.mark(sent[1].id, of: 1)
    await outbox.mark(sent[0].id, of: 2)
    #expect(await outbox.takeMarks(by: 3, unrenewedFor: hour).isEmpty)
    #expect(await outbox.takeMarks(by: 3, service: "hook").isEmpty)
    #expect(await outbox.takeMarks(by: 2) == [PushMark(of: NodeID(rawValue: 1), decided: sent[1].id)])
    await outbox.end(2, by: 2, .left)
    // Of those who ask at once one gets it; what was taken is not stale.
    async let three = outbox.takeMarks(by: 3, unrenewedFor: hour)
    async let four = outbox.takeMarks(by: 4, unrenewedFor: hour)
    let taken = await [three, four]
    #expect(taken.flatMap(\.self) == [PushMark(of: NodeID(rawValue: 2), decided: sent[0].id)])
    // The taker dies.
    let taker: UInt64 = taken[0].isEmpty ? 4 : 3
    await outbox.end(2, by: taker, .left)
    #expect(await outbox.takeMarks(by: 5, unrenewedFor: hour).map(\.node.rawValue) == [2])
    await outbox.close()
  }

  /// A mark ends at the hands of its node or its taker alone, and belongs to its node again when that writes it.
  public func endsMarks() async throws {
    let outbox = try await PushOutbox(make())
    let sent = (0..<3).map { message("\($0)") }
    let hour = Duration.seconds(3600)
    func marks() async -> [UInt64: MessageID] {
      let all = await outbox.takeMarks(by: 99)
      return Dictionary(uniqueKeysWithValues: all.map { ($0.node.rawValue, $0.decided) })
    }
    await outbox.mark(sent[0].id, of: 1)
    await outbox.end(1, by: 2, .decided)
    await outbox.end(1, by: 2, .left)
    #expect(await outbox.takeMarks(by: 2, unrenewedFor: hour).isEmpty)
    #expect(await outbox.takeMarks(by: 2).count == 1)
    // It only stood still.
    await outbox.mark(sent[1].id, of: 1)
    await outbox.end(1, by: 2, .decided)
    #expect(await marks() == [1: sent[1].id])
    // Taken again: it is its taker's, and not its node's until that writes it; a mark never goes back.
    await outbox.end(1, by: 1, .decided)
    await outbox.mark(sent[0].id, of: 1)
    #expect(await marks() == [1: sent[1].id])
    await outbox.end(1, by: 99, .decided)
    #expect(await marks().isEmpty)
    await outbox.mark(sent[2].id, of: 1)
    #expect(await marks() == [1: sent[2].id])
    await outbox.close()
  }

  /// Who renews its mark renews those that it holds, and none that somebody else has.
  public func renewsTakenMarks() async throws {
    let outbox = try await PushOutbox(make())
    let sent = message("1")
    for node in 1...2 as ClosedRange<UInt64> { await outbox.mark(sent.id, of: node) }
    #expect(await outbox.takeMarks(by: 3).count == 2)
    await outbox.end(1, 2, by: 3, .left)
    await outbox.mark(sent.id, of: 4, holding: [1, 2])
    await outbox.mark(sent.id, of: 3, holding: [2])
    let stale = await outbox.takeMarks(by: 5, unrenewedFor: .seconds(3600))
    #expect(stale.map(\.node.rawValue) == [1])
    await outbox.close()
  }

  /// What is done with is remembered until the marks of all nodes have passed its message.
  public func remembersUpToTheLowestMark() async throws {
    let outbox = try await PushOutbox(make())
    await outbox.register("phone")
    let (one, two) = (message("1"), message("2"))
    await outbox.write([.message(one), .message(two)])
    await outbox.mark(one.id, of: 1)
    await outbox.mark(two.id, of: 2)
    await outbox.push(one)
    await outbox.settle(try await outbox.take(), .done)
    await outbox.mark(two.id, of: 2)
    await outbox.push(one)
    #expect(try await outbox.store.pushBacklog().count == 0)
    // The first goes, in whose place nobody has to decide any more.
    await outbox.end(1, by: 1, .decided)
    await outbox.mark(two.id, of: 2)
    await outbox.push(one)
    #expect(try await outbox.store.pushBacklog().count == 1)
    await outbox.close()
  }
}
