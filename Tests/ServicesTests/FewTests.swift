import Services
import Testing

@Suite("A few elements")
struct FewTests {
  @Test("are those of the array that they were made of", arguments: [[], [1], [1, 2], [3, 3, 3]])
  func elements(numbers: [Int]) {
    let few = Few(numbers)
    #expect(few.count == numbers.count && few.isEmpty == numbers.isEmpty)
    #expect(Array(few) == numbers && few.indices.map { few[$0] } == numbers)
    #expect(few.last == numbers.last && few.map { $0 + 1 } == numbers.map { $0 + 1 })
  }

  @Test("are the same however they are kept")
  func equality() {
    #expect(Few.one(1) == .many([1]) && Few.one(1) != .many([1, 1]) && Few.one(1) != [])
  }
}
