import ArgumentParser
import Pipeline
import Stages

/// `sluice token`.
struct TokenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Mint a token for development, signed with the configured secret.",
    discussion: "Example: sluice token alice --ttl 1h --name \"Alice\"")

  @Argument(help: "The user: the token's sub.")
  var user: String

  @Option(name: .long, help: "How long it is valid: 30s, 10m, 1h.")
  var ttl = "1h"

  @Option(name: .long, help: "The name to show.")
  var name: String?

  @OptionGroup var options: ConfigurationOptions

  func run() throws { print(try Minting(ttl: ttl, try options.content()).token(for: user, name: name)) }
}

/// Mints tokens as the stage `auth` of a configuration takes them.
struct Minting: Sendable {
  private let algorithm: JWSAlgorithm
  private let issuer: String?
  private let audience: String?
  private let secret: [UInt8]
  private let lifetime: Duration

  /// Reads the secret of a configuration.
  ///
  /// - Throws: `CommandError` where there is none to sign with.
  init(ttl: String, _ content: LoadedConfiguration.Content) throws {
    guard let auth = content.plan.configuration(of: Auth.self), let path = auth.secretFile else {
      throw CommandError("the chain has no stage 'auth' with a secret_file to sign with")
    }
    guard let algorithm = auth.mintingAlgorithm else {
      throw CommandError("none of the accepted algorithms signs with a secret")
    }
    try self.init(
      ttl: ttl, algorithm: algorithm, secretFile: path, issuer: auth.issuer, audience: auth.audience)
  }

  /// Reads a secret.
  ///
  /// - Throws: `CommandError` where it can't be read.
  init(
    ttl: String, algorithm: JWSAlgorithm = .hs256, secretFile path: String, issuer: String? = nil,
    audience: String? = nil
  ) throws {
    guard let lifetime = ConfigDuration(ttl)?.duration, lifetime > .zero else {
      throw CommandError("--ttl wants \(ConfigDuration.form)", code: 2)
    }
    do { secret = try SecretFile.read(path).secrets[0] } catch {
      throw CommandError("can't sign a token: \(error); `sluice serve` makes the secret on its first run")
    }
    self.algorithm = algorithm
    self.issuer = issuer
    self.audience = audience
    self.lifetime = lifetime
  }

  /// A token of a user.
  ///
  /// - Throws: `CommandError` where the user is none.
  func token(for user: String, name: String? = nil) throws -> String {
    guard (1...256).contains(user.unicodeScalars.count) else {
      throw CommandError("a user has 1 to 256 characters", code: 2)
    }
    let now = EngineClock.system.wall()
    let claims = JWT.Claims(
      subject: user, name: name, issuer: issuer, audience: audience, issuedAt: now, expiresAt: now + lifetime)
    do { return try JWT.mint(claims, algorithm: algorithm, secret: secret) } catch {
      throw CommandError("can't sign a token: \(error)")
    }
  }
}
