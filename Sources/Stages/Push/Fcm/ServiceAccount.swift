import Pipeline

/// A Google service account's credentials: the JSON file that the Firebase console gives.
struct ServiceAccount: Sendable {
  /// What pushes are sent in the name of.
  let projectID: String
  /// Who signs.
  let clientEmail: String
  /// Names the key among the account's, where the file does.
  let keyID: String?
  /// Where assertions are exchanged for tokens.
  let tokenURI: String
  private let key: RSASigningKey

  /// Reads a file.
  ///
  /// - Throws: ``KeyFileError`` that says what is wrong with it, and nothing that it holds.
  init(reading path: String) throws(KeyFileError) {
    try self.init(KeyFile(reading: path).bytes, of: path)
  }

  /// Takes the text of a file.
  init(_ bytes: [UInt8], of path: String) throws(KeyFileError) {
    guard let json = try? JSONValue(parsing: bytes), case .object = json else {
      throw KeyFileError(path, "is no JSON object, as the credentials of a service account are")
    }
    guard json["type"]?.string == "service_account" else {
      throw KeyFileError(path, "holds no service account: its 'type' is not 'service_account'")
    }
    func text(_ name: String) throws(KeyFileError) -> String {
      guard let text = json[name]?.string, !text.isEmpty, text.utf8.count <= 16_384 else {
        throw KeyFileError(path, "has no '\(name)'")
      }
      return text
    }
    projectID = try text("project_id")
    guard projectID.utf8.allSatisfy({ Self.isPlain($0) }) else {
      throw KeyFileError(path, "has a 'project_id' that is none")
    }
    clientEmail = try text("client_email")
    keyID = json["private_key_id"]?.string
    tokenURI = json["token_uri"] == nil ? "https://oauth2.googleapis.com/token" : try text("token_uri")
    guard let address = WebAddress(tokenURI), address.isEncrypted || address.isLoopback else {
      throw KeyFileError(path, "has a 'token_uri' that is no https address")
    }
    let pem = try text("private_key")
    do throws(KeyFault) { key = try RSASigningKey(pem: pem) } catch {
      throw KeyFileError(path, "has a 'private_key' that can't be used: \(error)")
    }
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    let character = Character(UnicodeScalar(byte))
    return character.isASCII && (character.isLetter || character.isNumber || "-_.:".contains(character))
  }

  /// How long an assertion is good for: the most that Google takes.
  static let assertionLifetime = Duration.seconds(3600)
  /// What a token is to be good for.
  static let scope = "https://www.googleapis.com/auth/firebase.messaging"

  /// A signed assertion that asks for a token (RFC 7523), made at a moment.
  ///
  /// - Throws: ``SigningError`` where libcrypto does not sign.
  func assertion(at moment: Timestamp) throws(SigningError) -> String {
    var header = JSONObjectWriter(reserving: 128)
    header.member("alg", "RS256")
    header.member("typ", "JWT")
    if let keyID { header.member("kid", keyID) }
    let now = Int(moment.milliseconds / 1000)
    var claims = JSONObjectWriter(reserving: 512)
    claims.member("iss", clientEmail)
    claims.member("scope", Self.scope)
    claims.member("aud", tokenURI)
    claims.member("iat", now)
    claims.member("exp", now + Int(Self.assertionLifetime.components.seconds))
    let signed = Base64URL.encode(header.finish()) + "." + Base64URL.encode(claims.finish())
    return signed + "." + Base64URL.encode(try key.sign(Array(signed.utf8)))
  }
}
