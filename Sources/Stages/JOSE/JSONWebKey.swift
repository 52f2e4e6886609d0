import Pipeline

/// A public key as JSON (RFC 7517 section 4).
struct JSONWebKey {
  /// Its name: `kid`.
  let id: String?
  /// What signatures are verified with.
  let key: RestrictedKey

  /// Reads a key.
  ///
  /// - Throws: ``KeyFault`` where it is not for verifying signatures, of an unknown kind, or malformed. By RFC 7517
  ///   section 5 such a key is passed over in a set.
  init(_ json: ClaimsJSON) throws(KeyFault) {
    guard json.isObject, let kind = json["kty"]?.string else { throw KeyFault("it is no object with 'kty'") }
    if let use = json["use"]?.string, use != "sig" { throw KeyFault("its 'use' is not 'sig'") }
    if let operations = json["key_ops"]?.array, !operations.contains(where: { $0.string == "verify" }) {
      throw KeyFault("its 'key_ops' do not hold 'verify'")
    }
    if let id = json["kid"] {
      guard let id = id.string, (1...256).contains(id.utf8.count) else {
        throw KeyFault("its 'kid' is not a text of 1 to 256 bytes")
      }
      self.id = id
    } else {
      id = nil
    }
    let key = try PublicKey(encoded: Self.encoded(kind, json))
    guard let named = json["alg"] else {
      self.key = RestrictedKey(key: key, algorithms: key.algorithms)
      return
    }
    guard let name = named.string, let algorithm = JWSAlgorithm(rawValue: name),
      key.algorithms.contains(algorithm)
    else { throw KeyFault("its 'alg' is none of \(key.algorithms.map(\.rawValue).sorted())") }
    self.key = RestrictedKey(key: key, algorithms: [algorithm])
  }

  private static func encoded(_ kind: String, _ json: ClaimsJSON) throws(KeyFault) -> [UInt8] {
    switch kind {
    case "RSA":
      let exponent = try bytes("e", json)
      // A long exponent serves nobody but who wants verifying to be slow.
      guard (1...8).contains(exponent.count) else { throw KeyFault("its 'e' is not 1 to 8 bytes") }
      return SubjectPublicKeyInfo.rsa(modulus: try bytes("n", json), exponent: exponent)
    case "EC":
      guard let curve = json["crv"]?.string.flatMap(SubjectPublicKeyInfo.Curve.init(rawValue:)) else {
        throw KeyFault("its 'crv' is none of P-256, P-384 and P-521")
      }
      return SubjectPublicKeyInfo.point(
        curve, x: try bytes("x", json, curve.length), y: try bytes("y", json, curve.length))
    case "OKP":
      guard let curve = json["crv"]?.string.flatMap(SubjectPublicKeyInfo.EdwardsCurve.init(rawValue:)) else {
        throw KeyFault("its 'crv' is neither Ed25519 nor Ed448")
      }
      return SubjectPublicKeyInfo.edwards(curve, try bytes("x", json, curve.length))
    default: throw KeyFault("its 'kty' is none of RSA, EC and OKP")
    }
  }

  private static func bytes(_ member: String, _ json: ClaimsJSON, _ count: Int? = nil) throws(KeyFault)
    -> [UInt8]
  {
    guard let text = json[member]?.string, let bytes = Base64URL.decode(Array(text.utf8)[...]), !bytes.isEmpty
    else { throw KeyFault("its '\(member)' is not base64url") }
    if let count, bytes.count != count { throw KeyFault("its '\(member)' is not \(count) bytes") }
    return bytes
  }
}

/// A public key whose owner uses it with some of its algorithms only.
struct RestrictedKey: VerificationKey {
  let key: PublicKey
  let algorithms: Set<JWSAlgorithm>
  var encoded: [UInt8] { key.encoded }

  func verifies(_ signature: [UInt8], of message: ArraySlice<UInt8>, by algorithm: JWSAlgorithm) -> Bool {
    algorithms.contains(algorithm) && key.verifies(signature, of: message, by: algorithm)
  }
}
