import Pipeline
import PipelineTestKit
import Testing

@testable import WordFilter

@Suite("The word filter")
struct WordFilterTests {
  private func chain() -> TestChain {
    let configuration = WordFilter.Configuration(words: ["Darn"])
    return TestChain([WordFilter(configuration, TestChain.context(for: WordFilter.self))])
  }

  @Test("refuses a message with a listed word, however it is written", arguments: ["darn it", "Oh, DARN!"])
  func refuses(content: String) async {
    let reply = await chain().send(.newMessage, ["content": content])
    #expect(reply.rejection?.code == "RUDE")
    #expect(reply.rejection?.stage == "word_filter")
  }

  @Test("lets other messages pass", arguments: ["hello", "darning socks"])
  func passes(content: String) async {
    #expect(await chain().send(.newMessage, ["content": content]).rejection == nil)
  }
}
