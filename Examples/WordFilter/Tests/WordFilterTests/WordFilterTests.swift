import Pipeline
import PipelineTestKit
import Testing

@testable import WordFilter

@Suite("The word filter")
struct WordFilterTests {
  private func chain() async throws -> TestChain {
    TestChain([try await TestServices().stage(WordFilter.self, yaml: "words: [Darn]")])
  }

  @Test("refuses a message with a listed word, however it is written", arguments: ["darn it", "Oh, DARN!"])
  func refuses(content: String) async throws {
    let reply = try await chain().send(.newMessage, ["content": content])
    #expect(reply.rejection?.code == "RUDE")
    #expect(reply.rejection?.stage == "word_filter")
    #expect(try await chain().send(.editMessage, ["content": content]).rejection?.code == "RUDE")
  }

  @Test("lets other messages pass", arguments: ["hello", "darning socks"])
  func passes(content: String) async throws {
    #expect(try await chain().send(.newMessage, ["content": content]).rejection == nil)
  }

  @Test("wants its words")
  func configuration() {
    #expect(
      TestEntry(WordFilter.self, yaml: "").faults.contains {
        $0.hasSuffix("'words' is missing in stage 'word_filter'")
      })
    #expect(
      TestEntry(WordFilter.self, yaml: "words: darn").faults == [
        "1:8: error: 'words' wants a list, such as [a, b]"
      ])
  }

  @Test("keeps to what every stage has to")
  func conforms() async throws {
    let violations = try await StageConformance(
      WordFilter.self, yaml: "words: [darn]",
      events: [SampleEvent(.newMessage, ["content": "darn"]), SampleEvent(.editMessage)]
    ).violations()
    #expect(violations == [])
  }
}
