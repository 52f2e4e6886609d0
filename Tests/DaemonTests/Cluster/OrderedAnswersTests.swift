import Testing

@testable import Daemon

@Suite("Answers in the order of their questions")
struct OrderedAnswersTests {
  @Test("An answer waits for those before it")
  func waits() {
    var answers = OrderedAnswers<String?>()
    let (one, two, three) = (answers.ask(), answers.ask(), answers.ask())
    #expect(answers.take("c", to: three) == [])
    #expect(answers.take("a", to: one) == ["a"])
    #expect(answers.take(nil, to: two) == [nil, "c"])
    #expect(answers.take("d", to: answers.ask()) == ["d"])
  }

  @Test("Whatever the order of the answers, all come in that of the questions", arguments: 0..<20)
  func arbitrary(_: Int) {
    var answers = OrderedAnswers<UInt64>()
    let questions = (0..<50).map { _ in answers.ask() }
    #expect(questions.shuffled().flatMap { answers.take($0, to: $0) } == questions)
  }
}
