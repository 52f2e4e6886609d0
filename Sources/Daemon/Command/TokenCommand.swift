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

  func run() throws { print(try Minting.token(for: user, ttl: ttl, name: name, try options.content())) }
}

/// Mints tokens with the secret of a configuration.
enum Minting {
  static func token(
    for user: String, ttl: String, name: String?, _ content: LoadedConfiguration.Content
  ) throws -> String {
    guard (1...256).contains(user.unicodeScalars.count) else {
      throw CommandError("a user has 1 to 256 characters", code: 2)
    }
    guard let lifetime = ConfigDuration(ttl)?.duration, lifetime > .zero else {
      throw CommandError("--ttl wants \(ConfigDuration.form)", code: 2)
    }
    guard let auth = content.plan.configuration(of: Auth.self), let path = auth.secretFile else {
      throw CommandError("the chain has no stage 'auth' with a secret_file to sign with")
    }
    guard let algorithm = auth.mintingAlgorithm else {
      throw CommandError("none of the accepted algorithms signs with a secret")
    }
    let now = EngineClock.system.wall()
    let claims = JWT.Claims(
      subject: user, name: name, issuer: auth.issuer, audience: auth.audience, issuedAt: now,
      expiresAt: now + lifetime)
    do {
      return try JWT.mint(claims, algorithm: algorithm, secret: try SecretFile.read(path).secrets[0])
    } catch {
      throw CommandError("can't sign a token: \(error); `sluice serve` makes the secret on its first run")
    }
  }
}
