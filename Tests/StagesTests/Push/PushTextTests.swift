import Testing

@testable import Stages

@Suite("Texts of pushes")
struct PushTextTests {
  private let values = PushValues(
    sender: "Ann", senderID: "ann", content: "Hello!", messageID: "msg_1", conversation: "ann",
    receiverID: "bob")

  @Test(
    "Places are filled, and a doubled brace is a brace",
    arguments: [
      ("New Message from {sender}", "New Message from Ann"), ("{content}", "Hello!"), ("", ""),
      ("{{sender}} is {senderId}", "{sender} is ann"),
      ("{messageId}{conversation}{receiverId}", "msg_1annbob"),
    ])
  func filled(template: String, text: String) throws {
    #expect(try PushTemplate(template).fill(values.value) == text)
  }

  @Test("What is filled in is not looked at for places")
  func once() throws {
    var values = values
    values.content = "{sender}"
    #expect(try PushTemplate("{content}").fill(values.value) == "{sender}")
  }

  @Test(
    "A brace that is open, closes nothing or names nothing is a fault",
    arguments: ["{", "a}", "{name}", "{ sender}"])
  func faults(template: String) {
    #expect(throws: PushTemplate.Fault.self) { try PushTemplate(template) }
  }

  @Test(
    "A text is cut between what people see as characters, never within one",
    arguments: [
      ("Hello", 5, "Hello"), ("Hello!", 5, "He…"), ("äöü", 6, "äöü"), ("äöüß", 7, "äö…"), ("👩‍👩‍👧x", 18, "…"),
      ("a👩‍👩‍👧wxyz", 22, "a👩‍👩‍👧…"), ("abc", 2, ""), ("abcd", 3, "…"),
    ])
  func cut(text: String, bytes: Int, result: String) {
    let cut = TextCut.prefix(of: text, bytes: bytes)
    #expect(cut == result)
    #expect(cut.utf8.count <= bytes)
  }

  @Test("All but unreserved characters are percent-encoded")
  func percent() {
    #expect(PercentEncoding.encode("a-Z_0.~ /?&=ä") == "a-Z_0.~%20%2F%3F%26%3D%C3%A4")
  }
}
