import Testing

@testable import Daemon

@Suite("A file of chain tests")
struct ChainTestFileTests {
  @Test("gets every fault with its place, and what was meant")
  func faults() throws {
    let faults = try TestFolder().faults(
      """
        - name: one
          stpes: []
          steps:
            - from: alice
              typ: PING
              after: soon
              expect: { verdict: refuse }
        - name: one
          steps:
            - from: alice
              type: PING
              repeat: 0
              expect: { verdict: continue, code: X, stages: { perssit: continue } }
      """)
    #expect(
      faults == [
        "chain.test.yaml:4:5: error: unknown key 'stpes' in an item of 'tests'; did you mean 'steps'?",
        "chain.test.yaml:7:9: error: unknown key 'typ' in an item of 'steps'; did you mean 'type'?",
        "chain.test.yaml:8:16: error: 'after' wants a duration such as 250ms, 10s, 10m, 1h or 7d",
        "chain.test.yaml:9:28: error: 'verdict' wants continue, stop or reject",
      ])
  }

  @Test(
    "gets a fault for what can't be meant",
    arguments: [
      ("{ type: PING }", "3:11: error: the test 'one' expects nothing, so it can't fail"),
      (
        "{ from: alice, expect: { verdict: stop } }",
        "5:9: error: a step has a 'type', or time passes 'after' the last"
      ),
      ("{ type: PING, repeat: 0, expect: { verdict: stop } }", "5:31: error: 'repeat' is from 1 to 100000"),
      ("{ type: PING, expect: {} }", "5:31: error: 'expect' expects nothing"),
      (
        "{ type: PING, expect: { verdict: stop, code: X } }",
        "5:54: error: only what is rejected has a 'code'"
      ),
      (
        "{ type: PING, expect: { verdict: reject, stage: perssit } }",
        "5:57: error: the chain has no stage 'perssit'; did you mean 'persist'?"
      ),
      (
        "{ type: PING, expect: { stages: { perssit: stop } } }",
        "5:52: error: the chain has no stage 'perssit'; did you mean 'persist'?"
      ),
      (
        "{ type: PING, data: { a: $frist }, expect: { verdict: stop } }",
        "5:34: error: '$frist' is nothing that was kept before; known: n"
      ),
      (
        "{ type: PING, data: [a], expect: { verdict: stop } }",
        "5:29: error: 'data' wants keys and values"
      ),
      (
        "{ from: a, token: b, type: PING, expect: { verdict: stop } }",
        "5:27: error: an event is 'from' somebody or brings a 'token'; both only where its type is AUTH"
      ),
      (
        "{ after: 1s, expect: { verdict: stop } }",
        "5:30: error: without an event only 'delivers' can be expected"
      ),
      (
        "{ type: PING, ip: here, expect: { verdict: stop } }",
        "5:27: error: 'ip' wants an address such as 192.0.2.7"
      ),
      (
        "{ type: PING, keep: { n: id }, expect: { verdict: stop } }",
        "5:34: error: 'n' can't be kept: a name has letters, digits and '_', and is not 'n'"
      ),
      (
        "{ type: PING, token: { sbu: a }, expect: { verdict: stop } }",
        "5:32: error: unknown key 'sbu' in 'token' of an item of 'steps'; did you mean 'sub'?"
      ),
    ])
  func judged(step: String, fault: String) throws {
    let faults = try TestFolder().faults("  - name: one\n    steps:\n      - \(step)")
    #expect(faults.contains("chain.test.yaml:\(fault)"), "\(faults)")
  }

  @Test("is told of the faults of the configuration, and of one that is not there")
  func configuration() throws {
    let test = "  - name: one\n    steps: [{ type: PING, expect: { verdict: continue } }]"
    let folder = try TestFolder(stages: "  - stage: rate_limit\n    brust: 5")
    #expect(
      try folder.faults(test) == [
        "pipeline.yaml:7:5: error: unknown key 'brust' in stage 'rate_limit'; did you mean 'burst'?"
      ])
    #expect(
      try folder.faults(test, config: "none.yaml") == [
        "none.yaml:1:1: error: the file can't be read: No such file or directory"
      ])
  }

  @Test("needs nothing that its configuration names on this machine")
  func surroundings() async throws {
    let folder = try TestFolder(
      head: """
        server:
          listen: ${NO_SUCH_VARIABLE}
          tls: { certificate: /no/such.pem, key: /no/such.key }
        store: postgres://sluice:${NO_SUCH_VARIABLE}@192.0.2.1/sluice
        state: redis://192.0.2.1
        retention: { messages: 90d, send_keys: 2d }
        """)
    let mismatches = try await folder.mismatches(
      """
        - name: one
          steps:
            - { from: alice, type: NEW_MESSAGE, data: { tempId: a, receiverId: b, content: c }, expect: { verdict: continue } }
      """)
    #expect(mismatches == [])
  }
}
