/// Many clients that all write to one: the one is the first.
struct HotReceiverLoad: MessageCast {
  let senders: Int

  var clientCount: Int { 1 + senders }

  func part(of number: Int) -> MessagePart { .talks(to: number == 0 ? nil : 0) }
}
