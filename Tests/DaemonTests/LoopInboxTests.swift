import Testing

@testable import Daemon

@Suite("What threads have for a loop")
struct LoopInboxTests {
  @Test("The loop is told once of all that waits, and takes it in order")
  func told() {
    let inbox = LoopInbox<Int>()
    #expect(inbox.take() == [])
    #expect([inbox.add([]), inbox.add([1, 2]), inbox.add([3])] == [false, true, false])
    #expect(inbox.take() == [1, 2, 3] && inbox.take() == [])
    #expect(inbox.add([4]) && inbox.take() == [4])
  }

  @Test("Whatever several threads add is taken once, each thread's in its order")
  func threads() async {
    let inbox = LoopInbox<(thread: Int, number: Int)>()
    let taken = await withTaskGroup { tasks in
      for thread in 0..<4 {
        tasks.addTask {
          var tellings = 0
          for number in 0..<5000 where inbox.add([(thread, number)]) { tellings += 1 }
          return tellings
        }
      }
      var taken: [(thread: Int, number: Int)] = []
      for await tellings in tasks {
        #expect(tellings >= 0)
        taken += inbox.take()
      }
      return taken
    }
    for thread in 0..<4 {
      #expect(taken.filter { $0.thread == thread }.map(\.number) == Array(0..<5000))
    }
    #expect(inbox.take().isEmpty)
  }
}
