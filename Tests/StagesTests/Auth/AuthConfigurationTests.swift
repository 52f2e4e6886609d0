import Pipeline
import Testing

@testable import Stages

@Suite struct AuthConfigurationTests {
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
    #expect(configuration.acceptedAlgorithms == [.hs256, .hs384, .hs512])
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
    #expect(found.first?.message == "no key is configured: set 'secret_file'")
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
      (["HS256", "none"], "'none' is no algorithm; known: HS256, HS384, HS512"),
      (["hs256"], "'hs256' is no algorithm; known: HS256, HS384, HS512"),
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
      .secretFile, .algorithms, .issuer, .audience, .leeway, .requireExp,
    ]
    #expect(Auth.options.map(\.key) == keys.map(\.rawValue))
  }
}
