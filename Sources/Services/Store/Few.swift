/// Elements that are mostly one: it needs no memory of its own then, where an array would have to ask the allocator.
public enum Few<Element> {
  /// One element.
  case one(Element)
  /// Any number of elements, in their order.
  case many([Element])

  /// The elements of an array.
  @inlinable public init(_ elements: [Element]) {
    self = elements.count == 1 ? .one(elements[0]) : .many(elements)
  }
}

extension Few: RandomAccessCollection {
  /// Where the first element is: 0, as in an array.
  @inlinable public var startIndex: Int { 0 }

  /// How many elements there are.
  @inlinable public var endIndex: Int {
    switch self {
    case .one: 1
    case .many(let elements): elements.count
    }
  }

  /// The element at an index, which must be there.
  @inlinable public subscript(index: Int) -> Element {
    switch self {
    case .one(let element):
      precondition(index == 0, "there is one element")
      return element
    case .many(let elements): return elements[index]
    }
  }
}

extension Few: ExpressibleByArrayLiteral {
  /// Elements that are written out.
  @inlinable public init(arrayLiteral elements: Element...) { self.init(elements) }
}

extension Few: Equatable where Element: Equatable {
  /// Whether both have the same elements in the same order.
  @inlinable public static func == (one: Few, other: Few) -> Bool { one.elementsEqual(other) }
}

extension Few: Sendable where Element: Sendable {}
