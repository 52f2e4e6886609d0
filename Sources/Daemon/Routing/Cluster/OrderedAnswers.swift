/// Puts answers that come in any order into the order of their questions.
struct OrderedAnswers<Answer> {
  private var answers: [UInt64: Answer] = [:]
  private var asked: UInt64 = 0
  private var given: UInt64 = 0

  /// The number of a question that is put now.
  mutating func ask() -> UInt64 {
    asked += 1
    return asked
  }

  /// Takes the answer to a question; gives all answers to which those before them have come.
  mutating func take(_ answer: Answer, to question: UInt64) -> [Answer] {
    answers[question] = answer
    var ready: [Answer] = []
    while let next = answers.removeValue(forKey: given + 1) {
      given += 1
      ready.append(next)
    }
    return ready
  }
}
