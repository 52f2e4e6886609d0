/// A text with places for what a push is about: `New Message from {sender}`. A brace itself is written twice.
struct PushTemplate: Sendable, Equatable {
  /// What may be put in.
  enum Place: String, Sendable, CaseIterable {
    /// The sender's name, or their id where they have none.
    case sender
    /// The sender's id.
    case senderID = "senderId"
    /// What the message says.
    case content
    /// The message's id.
    case messageID = "messageId"
    /// What the receiver opens the conversation by.
    case conversation
    /// The receiver's id.
    case receiverID = "receiverId"
  }

  /// What is wrong with a template, in words for the operator.
  struct Fault: Error, Equatable, CustomStringConvertible {
    let description: String
  }

  private enum Part: Sendable, Equatable {
    case text(String)
    case place(Place)
  }

  private let parts: [Part]

  /// The places that it has.
  var places: Set<Place> {
    Set(parts.compactMap { if case .place(let place) = $0 { place } else { nil } })
  }

  /// A template of an empty text.
  init() { parts = [] }

  /// Reads a template.
  ///
  /// - Throws: ``Fault`` where a brace is left open or an unknown place is named.
  init(_ text: String) throws(Fault) {
    var parts: [Part] = []
    var plain = ""
    var rest = Substring(text)
    while let character = rest.popFirst() {
      switch character {
      case "{" where rest.first == "{", "}" where rest.first == "}":
        plain.append(character)
        rest.removeFirst()
      case "{":
        guard let end = rest.firstIndex(of: "}") else {
          throw Fault(description: "'{' is not closed; write '{{' for a brace")
        }
        let name = String(rest[..<end])
        guard let place = Place(rawValue: name) else {
          let known = Place.allCases.map { "{\($0.rawValue)}" }.joined(separator: ", ")
          throw Fault(description: "'{\(name)}' is not known; there are \(known)")
        }
        if !plain.isEmpty { parts.append(.text(plain)) }
        plain = ""
        parts.append(.place(place))
        rest = rest[rest.index(after: end)...]
      case "}": throw Fault(description: "'}' closes nothing; write '}}' for a brace")
      default: plain.append(character)
      }
    }
    if !plain.isEmpty { parts.append(.text(plain)) }
    self.parts = parts
  }

  /// The text with its places filled.
  func fill(_ value: (Place) -> String) -> String {
    parts.reduce(into: "") { text, part in
      switch part {
      case .text(let plain): text += plain
      case .place(let place): text += value(place)
      }
    }
  }
}
