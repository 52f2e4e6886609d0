import Pipeline

/// A signed token in its compact form, taken apart and not verified yet (RFC 7515 section 7.1).
struct CompactJWS {
  /// The most bytes of a token: more than a header line of most proxies takes.
  static let mostBytes = 8192

  /// How it says that it is signed.
  let algorithm: JWSAlgorithm
  /// The name of the key that has signed it: `kid`.
  let keyID: String?
  /// What it says, once its signature is verified.
  let payload: [UInt8]
  /// The signature.
  let signature: [UInt8]

  private let token: [UInt8]
  private let signedCount: Int

  /// What the signature is of: header and payload as they came.
  var signed: ArraySlice<UInt8> { token[..<signedCount] }

  /// Takes a token apart.
  ///
  /// - Throws: ``TokenFault/malformed(_:)`` where it has not exactly three parts of strict base64url, its header is no
  ///   JSON object, or the header names extensions that must be understood (`crit`, RFC 7515 section 4.1.11: none are);
  ///   ``TokenFault/algorithm`` where its `alg` is not in `algorithms`.
  init(_ text: String, algorithms: Set<JWSAlgorithm>) throws(TokenFault) {
    guard text.utf8.count <= Self.mostBytes else {
      throw .malformed("it is longer than \(Self.mostBytes) bytes")
    }
    let token = Array(text.utf8)
    let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 3 else { throw .malformed("it has not exactly three parts") }
    guard let head = Base64URL.decode(parts[0]), let payload = Base64URL.decode(parts[1]),
      let signature = Base64URL.decode(parts[2])
    else { throw .malformed("it is not base64url without padding") }
    guard let header = try? ClaimsJSON(parsing: head), header.isObject else {
      throw .malformed("its header is no JSON object")
    }
    guard header["crit"] == nil else { throw .malformed("its header demands extensions") }
    guard let name = header["alg"]?.string else { throw .malformed("its header has no 'alg'") }
    guard let algorithm = JWSAlgorithm(rawValue: name), algorithms.contains(algorithm) else {
      throw .algorithm
    }
    if let id = header["kid"] {
      guard let id = id.string else { throw .malformed("'kid' of its header is not a string") }
      keyID = id
    } else {
      keyID = nil
    }
    self.algorithm = algorithm
    self.payload = payload
    self.signature = signature
    self.token = token
    self.signedCount = parts[0].count + 1 + parts[1].count
  }

  /// Whether a key confirms the signature. It is asked only where it is good for the algorithm.
  func isSigned(by key: any VerificationKey) -> Bool {
    key.algorithms.contains(algorithm) && key.verifies(signature, of: signed, by: algorithm)
  }
}
