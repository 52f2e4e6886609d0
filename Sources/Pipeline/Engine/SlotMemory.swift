/// Memory for values that come and go and are changed where they lie, named by small numbers that are used again.
///
/// An array of optionals would copy a value out and back for every change of it; here a change touches nothing else.
struct SlotMemory<Element>: ~Copyable {
  private var elements = UnsafeMutableBufferPointer<Element>.allocate(capacity: 0)
  /// Whether a slot holds a value: what is read or freed is always one that does.
  private var isTaken: [Bool] = []
  private var free: [Int] = []

  /// How many values there are.
  var count: Int { isTaken.count - free.count }

  /// How many values a condition holds for.
  func count(where condition: (Element) -> Bool) -> Int {
    isTaken.indices.count { isTaken[$0] && condition(elements[$0]) }
  }

  deinit {
    for index in isTaken.indices where isTaken[index] { elements.deinitializeElement(at: index) }
    elements.deallocate()
  }

  subscript(index: Int) -> Element {
    @inline(__always) _read {
      precondition(isTaken[index], "a slot is used after it was given back")
      yield elements[index]
    }
    @inline(__always) _modify {
      precondition(isTaken[index], "a slot is used after it was given back")
      yield &elements[index]
    }
  }

  /// Takes a value in and returns its number.
  mutating func insert(_ element: consuming Element) -> Int {
    let index: Int
    if let reused = free.popLast() {
      index = reused
    } else {
      index = isTaken.count
      if index == elements.count { grow() }
      isTaken.append(false)
    }
    elements.initializeElement(at: index, to: element)
    isTaken[index] = true
    return index
  }

  /// Drops a value.
  mutating func remove(_ index: Int) {
    precondition(isTaken[index], "a slot is given back twice")
    elements.deinitializeElement(at: index)
    isTaken[index] = false
    free.append(index)
  }

  /// Doubles the memory; called only when every slot is taken.
  private mutating func grow() {
    let larger = UnsafeMutableBufferPointer<Element>.allocate(capacity: max(16, elements.count * 2))
    _ = larger.moveInitialize(fromContentsOf: elements)
    elements.deallocate()
    elements = larger
  }
}
