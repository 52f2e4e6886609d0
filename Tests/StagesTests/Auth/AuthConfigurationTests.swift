import Pipeline
import Testing

@testable import Stages

@Suite struct AuthConfigurationTests {
  private static let known =
    "HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA"
  private let directory: TemporaryDirectory
  private let goodFile: String

  init() throws {
    directory = try TemporaryDirectory()
    goodFile = try directory.write(String(decoding: ForgedToken.secret, as: UTF8.self), to: "good")
  }

  private func findings(
    _ configuration: AuthConfiguration, mayMakeSecrets: Bool = false
  ) -> [ConfigurationReport.Finding] {
    var report = ConfigurationReport(setting: ChainSetting(mayMakeSecrets: mayMakeSecrets))
    Auth.check(configuration, &report)
    return report.findings
  }

  @Test("A good file alone is a sound configuration")
  func sound() {
    #expect(findings(AuthConfiguration(secretFile: goodFile)).isEmpty)
    let all = AuthConfiguration(
      secretFile: goodFile, algorithms: ["HS512", "HS256"], issuer: "us", audience: "chat",
      leeway: ConfigDuration("60s"), requireExp: true)
    #expect(findings(all).isEmpty)
    #expect(all.acceptedAlgorithms == [.hs512, .hs256])
    #expect(all.policy.leeway == .seconds(60))
  }

  @Test("What is left out is strict")
  func defaults() {
    let configuration = AuthConfiguration()
    #expect(configuration.acceptedAlgorithms == Set(JWSAlgorithm.allCases))
    #expect(configuration.policy.requiresExpiry)
    #expect(configuration.policy.leeway == .seconds(30))
    #expect(configuration.policy.issuer == nil)
    #expect(configuration.policy.audience == nil)
  }

  @Test("No key is an error of the stage")
  func noKey() {
    let found = findings(AuthConfiguration())
    #expect(found.map(\.severity) == [.error])
    #expect(found.first?.key == nil)
    #expect(
      found.first?.message
        == "no key is configured: set one of 'secret_file', 'public_key_file', 'jwks_file', 'jwks_url'")
  }

  @Test("A missing file is an error only where no secret may be made")
  func missingFile() {
    let configuration = AuthConfiguration(secretFile: directory.file("none"))
    #expect(findings(configuration, mayMakeSecrets: true).isEmpty)
    let found = findings(configuration)
    #expect(found.map(\.severity) == [.error])
    #expect(found.first?.key == "secret_file")
    #expect(TemporaryDirectory.mode(directory.file("none")) == nil)
  }

  @Test("A file that is too weak or can't be read is an error, wherever it runs", arguments: [true, false])
  func badFile(mayMakeSecrets: Bool) throws {
    for path in [try directory.write("short"), directory.path] {
      let found = findings(AuthConfiguration(secretFile: path), mayMakeSecrets: mayMakeSecrets)
      #expect(found.map(\.severity) == [.error])
      #expect(found.first?.key == "secret_file")
      #expect(found.first?.message.contains("short") != true)
    }
  }

  @Test("A file that is open to others is dubious")
  func openFile() throws {
    let path = try directory.write(String(decoding: ForgedToken.secret, as: UTF8.self), mode: 0o644)
    let found = findings(AuthConfiguration(secretFile: path))
    #expect(found.map(\.severity) == [.warning])
    #expect(found.first?.key == "secret_file")
  }

  @Test(
    "Algorithms that are not known, and a list of none, are errors",
    arguments: [
      ([], "'algorithms' is empty: no token could be valid"),
      (["HS256", "none"], "'none' is no algorithm; known: \(Self.known)"),
      (["hs256"], "'hs256' is no algorithm; known: \(Self.known)"),
    ])
  func algorithms(names: [String], message: String) {
    let found = findings(AuthConfiguration(secretFile: goodFile, algorithms: names))
    #expect(found.map(\.severity) == [.error])
    #expect(found.map(\.key) == ["algorithms"])
    #expect(found.map(\.message) == [message])
  }

  @Test("A leeway beyond an hour is an error")
  func leeway() {
    let found = findings(AuthConfiguration(secretFile: goodFile, leeway: ConfigDuration("3601s")))
    #expect(found.map(\.key) == ["leeway"])
    #expect(findings(AuthConfiguration(secretFile: goodFile, leeway: ConfigDuration("3600s"))).isEmpty)
  }

  @Test("Tokens without end are dubious")
  func endless() {
    let found = findings(AuthConfiguration(secretFile: goodFile, requireExp: false))
    #expect(found.map(\.severity) == [.warning])
    #expect(found.map(\.key) == ["require_exp"])
  }

  @Test("Every key that is decoded is described")
  func described() {
    let keys: [AuthConfiguration.CodingKeys] = [
      .secretFile, .publicKeyFile, .jwksFile, .jwksURL, .jwksRefresh, .algorithms, .issuer, .audience,
      .leeway,
      .requireExp,
    ]
    #expect(Auth.options.map(\.key) == keys.map(\.rawValue))
  }

  @Test("Keys come from one place")
  func onePlace() {
    let both = AuthConfiguration(secretFile: goodFile, jwksURL: "https://login.example/keys")
    #expect(findings(both).map(\.key) == ["jwks_url"])
    #expect(findings(both).map(\.message) == ["'secret_file' is set already: keys come from one place"])
  }

  @Test(
    "The address of a set of keys is absolute, and encrypted unless it stays on this machine",
    arguments: [
      ("https://login.example/keys", true), ("https://login.example:8443/keys?v=1", true),
      ("http://127.0.0.1:8000/keys", true), ("http://[::1]:80/keys", true), ("http://localhost/keys", true),
      ("http://login.example/keys", false), ("http://127.example.com@evil/", false),
      ("login.example/keys", false),
      ("ftp://login.example/", false), ("https://", false), ("https://login.example:0/", false),
      ("https://login.example:x/", false), ("https://login.example/a b", false), ("https://[::1/keys", false),
    ])
  func address(text: String, isGood: Bool) {
    let found = findings(AuthConfiguration(jwksURL: text))
    #expect(found.map(\.key) == (isGood ? [] : ["jwks_url"]))
  }

  @Test("Algorithms that the keys are not good for are an error")
  func uselessAlgorithms() throws {
    let pair = KeyPair()
    let pem = try directory.write(pair.pem, to: "key.pem")
    #expect(findings(AuthConfiguration(publicKeyFile: pem)).isEmpty)
    #expect(findings(AuthConfiguration(publicKeyFile: pem, algorithms: ["RS256", "EdDSA"])).isEmpty)
    let found = findings(AuthConfiguration(publicKeyFile: pem, algorithms: ["RS256"]))
    #expect(found.map(\.message) == ["the keys are good for none of 'algorithms', but for EdDSA"])
    #expect(
      findings(AuthConfiguration(secretFile: goodFile, algorithms: ["ES256"])).map(\.key) == ["algorithms"])
    let remote = AuthConfiguration(jwksURL: "https://login.example/keys", algorithms: ["HS256"])
    #expect(findings(remote).map(\.key) == ["algorithms"])
  }

  @Test(
    "A file of public keys that holds none, or a private key, is an error; one that others may change is dubious"
  )
  func badKeyFiles() throws {
    for text in ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "{}"] {
      let path = try directory.write(text, to: "bad.pem")
      #expect(findings(AuthConfiguration(publicKeyFile: path)).map(\.key) == ["public_key_file"])
      #expect(findings(AuthConfiguration(jwksFile: path)).map(\.key) == ["jwks_file"])
    }
    let pair = KeyPair()
    let secret = try directory.write(pair.privatePEM, to: "private.pem")
    let found = findings(AuthConfiguration(publicKeyFile: secret))
    #expect(found.first?.message.contains("private key") == true)
    let open = try directory.write(pair.pem, to: "open.pem", mode: 0o646)
    #expect(findings(AuthConfiguration(publicKeyFile: open)).map(\.severity) == [.warning])
    let set = try directory.write(#"{"keys":[\#(pair.jwk())]}"#, to: "keys.json")
    #expect(findings(AuthConfiguration(jwksFile: set)).isEmpty)
  }

  @Test("How often a set is fetched belongs to a set that is fetched")
  func refresh() {
    let file = AuthConfiguration(secretFile: goodFile, jwksRefresh: ConfigDuration("1m"))
    #expect(findings(file).map(\.key) == ["jwks_refresh"])
    let often = AuthConfiguration(jwksURL: "https://login.example/keys", jwksRefresh: ConfigDuration("10ms"))
    #expect(findings(often).map(\.key) == ["jwks_refresh"])
  }
}
