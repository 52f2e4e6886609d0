import Pipeline

/// The keys that are in force, newest first.
struct KeySet: Sendable {
  /// A key with what hangs on it.
  struct Member: Sendable {
    /// The name that tokens may call it by (`kid`, RFC 7515 section 4.1.4).
    let id: String?
    let key: any VerificationKey
    /// What all identities rest on that the key has confirmed.
    let credential: Credential

    fileprivate func isSame(as other: Member) -> Bool {
      id == other.id && key.algorithms == other.key.algorithms && key.encoded == other.key.encoded
    }
  }

  /// How many bytes and keys a set in JSON may have.
  static let mostBytes = 256 * 1024
  static let mostKeys = 100

  let members: [Member]

  /// No keys.
  static let none = KeySet(members: [])

  private init(members: [Member]) { self.members = members }

  /// Keys without names.
  init(_ keys: [any VerificationKey]) {
    members = keys.map { Member(id: nil, key: $0, credential: Credential()) }
  }

  /// Reads a set in JSON (RFC 7517 section 5). Keys that are of no use here are passed over.
  ///
  /// - Throws: ``KeyFault`` where it is no set, too large, or holds no key that is of use; it then says why the first
  ///   is not.
  init(parsing json: [UInt8]) throws(KeyFault) {
    guard json.count <= Self.mostBytes else { throw KeyFault("it is larger than 256 KiB") }
    guard let list = (try? ClaimsJSON(parsing: json))?["keys"]?.array else {
      throw KeyFault("it is no JSON object with the array 'keys'")
    }
    guard list.count <= Self.mostKeys else { throw KeyFault("it holds more than \(Self.mostKeys) keys") }
    var members: [Member] = []
    var firstFault: KeyFault?
    for (index, entry) in list.enumerated() {
      do throws(KeyFault) {
        let key = try JSONWebKey(entry)
        members.append(Member(id: key.id, key: key.key, credential: Credential()))
      } catch {
        firstFault = firstFault ?? KeyFault("key \(index + 1): \(error)")
      }
    }
    guard !members.isEmpty else { throw firstFault ?? KeyFault("it holds no keys") }
    self.members = members
  }

  /// All that the keys are good for.
  var algorithms: Set<JWSAlgorithm> { members.reduce(into: []) { $0.formUnion($1.key.algorithms) } }

  /// The keys that may have signed a token: those of its `kid`; where it has none, all; where no key has that name,
  /// those without one.
  func candidates(for id: String?) -> [Member] {
    guard let id else { return members }
    let named = members.filter { $0.id == id }
    return named.isEmpty ? members.filter { $0.id == nil } : named
  }

  /// This set in the place of an older one: keys that were in it already stay the same, so that what they have
  /// confirmed goes on; those that are gone are given back.
  func replacing(_ older: KeySet) -> (set: KeySet, removed: [Member]) {
    let kept = members.map { member in older.members.first { $0.isSame(as: member) } ?? member }
    let removed = older.members.filter { old in !kept.contains { $0.isSame(as: old) } }
    return (KeySet(members: kept), removed)
  }
}
