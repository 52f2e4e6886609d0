/// Names a value that one stage leaves on an event for later ones.
public protocol EventKey {
  /// The value's type.
  associatedtype Value: Sendable
}

/// What one stage has left on an event for later ones, and before it what others have: a list, since there are few, which
/// copies of an event share.
///
/// `Sendable` is not checked by the compiler, since the class has one subclass, and holds because neither changes once it is
/// made.
@usableFromInline class EventNote: @unchecked Sendable {
  @usableFromInline let key: ObjectIdentifier
  @usableFromInline let rest: EventNote?

  @usableFromInline init(_ key: ObjectIdentifier, before rest: EventNote?) {
    self.key = key
    self.rest = rest
  }

  /// The same note before other ones.
  @usableFromInline func moved(before rest: EventNote?) -> EventNote { EventNote(key, before: rest) }

  /// The value under a key.
  @inlinable static func value<Key: EventKey>(of key: Key.Type, in notes: EventNote?) -> Key.Value? {
    var next = notes
    while let note = next {
      // Nothing else is ever made with this key.
      if note.key == ObjectIdentifier(key) { return unsafeDowncast(note, to: EventNoteOf<Key>.self).value }
      next = note.rest
    }
    return nil
  }

  /// The notes with another value under a key, or without one.
  @inlinable static func putting<Key: EventKey>(
    _ value: Key.Value?, under key: Key.Type, in notes: EventNote?
  ) -> EventNote? {
    let others = removing(ObjectIdentifier(key), from: notes)
    guard let value else { return others }
    return EventNoteOf<Key>(value, before: others)
  }

  @usableFromInline static func removing(_ key: ObjectIdentifier, from notes: EventNote?) -> EventNote? {
    var next = notes
    while let note = next, note.key != key { next = note.rest }
    return next == nil ? notes : notes?.without(key)
  }

  private func without(_ key: ObjectIdentifier) -> EventNote? {
    self.key == key ? rest : moved(before: rest?.without(key))
  }
}

/// A note with its value.
@usableFromInline final class EventNoteOf<Key: EventKey>: EventNote, @unchecked Sendable {
  @usableFromInline let value: Key.Value

  @usableFromInline init(_ value: Key.Value, before rest: EventNote?) {
    self.value = value
    super.init(ObjectIdentifier(Key.self), before: rest)
  }

  @usableFromInline override func moved(before rest: EventNote?) -> EventNote {
    EventNoteOf(value, before: rest)
  }
}
