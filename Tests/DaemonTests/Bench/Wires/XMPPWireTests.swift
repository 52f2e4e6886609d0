import Testing

@testable import Daemon

@Suite("What a load's clients speak: XMPP")
struct XMPPWireTests {
  private let question = #"<r xmlns="urn:xmpp:sm:3"/>"#

  private func ready() throws -> WireProbe {
    var probe = WireProbe(.xmpp)
    for text in [
      "<stream:features xmlns:stream='s'/>", "<success/>", "<stream:features/>",
      "<iq type='result' id='bind'/>", "<enabled/>",
    ] {
      #expect(probe.receive(text).isEmpty)
    }
    #expect(probe.receive("<a xmlns='urn:xmpp:sm:3' h='1'/>") == [.ready])
    _ = try probe.sent()
    return probe
  }

  @Test("It signs in, binds, has its stanzas counted, and is ready when its presence is")
  func opening() throws {
    let open =
      #"<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="localhost" version="1.0"/>"#
    var probe = WireProbe(.xmpp, token: "t1")
    probe.open()
    #expect(try probe.sentText() == [open])
    let steps: [(String, [String])] = [
      ("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' id='1'/>", []),
      (
        "<stream:features><mechanisms><mechanism>PLAIN</mechanism></mechanisms></stream:features>",
        [
          #"<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">AGFubgB0MQ==</auth>"#
        ]
      ),
      ("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", [open]),
      ("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' id='2'/>", []),
      (
        "<stream:features><bind/><sm xmlns='urn:xmpp:sm:3'/></stream:features>",
        [
          #"<iq xmlns="jabber:client" type="set" id="bind"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind">"#
            + "<resource>bench</resource></bind></iq>"
        ]
      ),
      ("<iq type='result' id='bind'><bind/></iq>", [#"<enable xmlns="urn:xmpp:sm:3"/>"#]),
      ("<enabled xmlns='urn:xmpp:sm:3'/>", [#"<presence xmlns="jabber:client"/>"#, question]),
    ]
    for (text, sent) in steps {
      #expect(probe.receive(text).isEmpty)
      #expect(try probe.sentText() == sent)
    }
    #expect(probe.receive("<a h='1'/>") == [.ready])
  }

  @Test(
    "A refusal is told",
    arguments: [
      ("<failure xmlns='x'><not-authorized/><text>no</text></failure>", "failure: not-authorized"),
      ("<stream:error><conflict/></stream:error>", "error: conflict"),
      ("<close/>", "the server has closed the stream"),
    ])
  func refused(text: String, reason: String) {
    var probe = WireProbe(.xmpp)
    #expect(probe.receive("<stream:features/>").isEmpty)
    #expect(probe.receive(text) == [.ended(reason)])
  }

  @Test("A message is counted by the server: one answer acknowledges all up to it")
  func acknowledged() throws {
    var probe = try ready()
    for number in [4, 5, 6] { probe.send(number, "a<b&\"'>") }
    let sent = try probe.sentText()
    #expect(sent.count == 6 && sent[1] == question)
    #expect(
      sent[0] == #"<message xmlns="jabber:client" to="bob@localhost" type="chat" id="4">"#
        + "<body>a&lt;b&amp;&quot;&apos;&gt;</body></message>")
    #expect(probe.receive("<a h='1'/>").isEmpty)
    #expect(probe.receive("<a h='3'/>") == [.acknowledged(4), .acknowledged(5)])
    #expect(probe.receive("<a h='4'/>") == [.acknowledged(6)])
    #expect(probe.receive("<a h='5'/>") == [.ended("the server has counted what was not sent")])
  }

  @Test("A message that comes back as an error is refused, and not acknowledged when it is counted")
  func errors() throws {
    var probe = try ready()
    for number in [4, 5] { probe.send(number) }
    let error =
      "<message type='error' id='4'><body>hi</body><error type='cancel'><service-unavailable/></error></message>"
    #expect(probe.receive(error) == [.refused(number: 4, code: "service-unavailable", retryAfterMs: nil)])
    #expect(probe.receive("<a h='3'/>") == [.acknowledged(5)])
  }

  @Test("It counts what comes, and says so when it is asked")
  func counts() throws {
    var probe = try ready()
    let message =
      "<message from='bob@localhost/x' type=\"chat\"><archived by='a'/><body>1 &lt;&amp;amp;&#65;</body></message>"
    #expect(probe.receive(message) == [.delivered("1 <&amp;&#65;")])
    for other in ["<presence/>", "<iq type='get'/>", "<message><composing/></message>"] {
      #expect(probe.receive(other).isEmpty)
    }
    #expect(probe.receive("<r xmlns='urn:xmpp:sm:3'/>").isEmpty)
    #expect(try probe.sentText() == [#"<a xmlns="urn:xmpp:sm:3" h="4"/>"#])
  }

  @Test(
    "What is no stanza ends it",
    arguments: [
      "", " ", "x", "<a", "<a>", "<a></b>", "<a/><b/>", "<a/> ", "</a>", "< a/>", "<a b/>", "<a b=c/>",
      "<a b='c/>", "<a b='c\"/>", "<a/ >", "<a><b></a></b>", "<!-- --><a/>", "<?xml version='1.0'?><a/>",
      "<a><![CDATA[x]]></a>", "<a b='<'/>",
      String(repeating: "<a>", count: 40) + String(repeating: "</a>", count: 40),
    ])
  func broken(text: String) throws {
    var probe = try ready()
    #expect(probe.receive(text) == [.ended("what came is no stanza")])
  }

  @Test("Stanzas are read as servers may write them")
  func stanza() throws {
    let text = "<s:a x='1'\n y=\"&quot;2'\" ><b/>tail<c d='e'>text<f/>more</c ></s:a>"
    let stanza = try #require(Stanza(Array(text.utf8)))
    #expect(stanza.name == "a" && stanza.attribute("x") == "1" && stanza.attribute("y") == "\"2'")
    #expect(stanza.attribute("d") == nil)
    #expect(stanza.child() == "b" && stanza.child(of: "c") == "f" && stanza.child(of: "b") == nil)
    #expect(stanza.text(of: "c").map { String(decoding: $0, as: UTF8.self) } == "text")
    #expect(stanza.text(of: "b")?.isEmpty == true && stanza.text(of: "f") == nil)
  }
}
