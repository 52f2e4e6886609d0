/// Public keys as a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), put together from their numbers.
enum SubjectPublicKeyInfo {
  /// An RSA key by its RSAPublicKey (RFC 3279 section 2.3.1).
  static func rsa(_ key: [UInt8]) -> [UInt8] {
    DER.sequence(
      DER.sequence(
        DER.identifier([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01]), DER.null), DER.bits(key))
  }

  /// An RSA key by its modulus and exponent, highest byte first.
  static func rsa(modulus: [UInt8], exponent: [UInt8]) -> [UInt8] {
    rsa(DER.sequence(DER.integer(modulus), DER.integer(exponent)))
  }

  /// A point of an elliptic curve, uncompressed (RFC 5480 section 2).
  static func point(_ curve: Curve, x: [UInt8], y: [UInt8]) -> [UInt8] {
    DER.sequence(
      DER.sequence(
        DER.identifier([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]), DER.identifier(curve.identifier)),
      DER.bits([0x04] + x + y))
  }

  /// A key of an Edwards curve (RFC 8410 section 4).
  static func edwards(_ curve: EdwardsCurve, _ key: [UInt8]) -> [UInt8] {
    DER.sequence(DER.sequence(DER.identifier(curve.identifier)), DER.bits(key))
  }

  /// The curves of RFC 7518 section 6.2.1.1, by their names there.
  enum Curve: String {
    case p256 = "P-256"
    case p384 = "P-384"
    case p521 = "P-521"

    var identifier: [UInt8] {
      switch self {
      case .p256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]
      case .p384: [0x2b, 0x81, 0x04, 0x00, 0x22]
      case .p521: [0x2b, 0x81, 0x04, 0x00, 0x23]
      }
    }

    /// How many bytes a coordinate has.
    var length: Int {
      switch self {
      case .p256: 32
      case .p384: 48
      case .p521: 66
      }
    }
  }

  /// The curves for signatures of RFC 8037 section 3.1, by their names there.
  enum EdwardsCurve: String {
    case ed25519 = "Ed25519"
    case ed448 = "Ed448"

    var identifier: [UInt8] {
      switch self {
      case .ed25519: [0x2b, 0x65, 0x70]
      case .ed448: [0x2b, 0x65, 0x71]
      }
    }

    /// How many bytes a key has.
    var length: Int {
      switch self {
      case .ed25519: 32
      case .ed448: 57
      }
    }
  }
}
