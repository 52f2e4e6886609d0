/// What stages have left on an event, by key.
///
/// They are a few: to look at each takes less than a hash, and one piece of memory holds them.
@usableFromInline struct EventNotes: Sendable {
  @usableFromInline struct Note: Sendable {
    @usableFromInline let key: ObjectIdentifier
    @usableFromInline var value: any Sendable
  }

  @usableFromInline var notes: [Note] = []

  @usableFromInline init() {}

  /// A note's value as the type of its key. It is kept as just that type, of whatever subclass or behind whatever protocol
  /// the value is, since only the setter of `Event` keeps one; a cast (`as?`) would look for ways from one type to another first.
  @inlinable static func cast<Value>(_ value: any Sendable, to type: Value.Type) -> Value? {
    func opened<Note>(_ note: Note) -> Value? {
      Note.self == Value.self ? unsafeBitCast(note, to: Value.self) : nil
    }
    return opened(value)
  }

  @usableFromInline var isEmpty: Bool { notes.isEmpty }

  @usableFromInline subscript(key: ObjectIdentifier) -> (any Sendable)? {
    get {
      for note in notes where note.key == key { return note.value }
      return nil
    }
    set {
      let place = notes.firstIndex { $0.key == key }
      switch (place, newValue) {
      case (let place?, let value?): notes[place].value = value
      case (let place?, nil): notes.remove(at: place)
      case (nil, let value?):
        // What the built-in stages leave on a message.
        if notes.isEmpty { notes.reserveCapacity(4) }
        notes.append(Note(key: key, value: value))
      case (nil, nil): break
      }
    }
  }
}
