import Testing

@testable import Pipeline

@Suite("Parts of a configuration that are taken as they stand")
struct ConfigurationTreeTests {
  private struct Holder: Decodable {
    var block: ConfigurationTree?
    var other: Int?
  }

  private func read(_ text: String) throws -> (Holder?, [Fault]) {
    var faults: [Fault] = []
    let node = try YAMLComposer.compose(Array(text.utf8), &faults)
    return (ConfigurationDecoder.decode(Holder.self, from: node, context: "here", &faults), faults)
  }

  @Test("Scalars are what the core schema makes of them, and texts where they are quoted or no JSON numbers")
  func scalars() throws {
    let (holder, faults) = try read(
      #"block: { a: 1, b: "1", c: true, d: null, e: on, f: 1.5e3, g: 0x1F, h: [x, { y: -2 }], i: 10:30, j: "" }"#
    )
    #expect(faults.isEmpty)
    #expect(
      holder?.block?.value.text
        == #"{"a":1,"b":"1","c":true,"d":null,"e":"on","f":1.5e3,"g":"0x1F","h":["x",{"y":-2}],"i":"10:30","j":""}"#
    )
  }

  @Test("No key in it is unknown; one beside it is")
  func keys() throws {
    #expect(try read("block: { what: { ever: 1 } }\n").1.isEmpty)
    #expect(try read("block: {}\nblok: {}\n").1.map(\.mark.line) == [2])
  }
}
