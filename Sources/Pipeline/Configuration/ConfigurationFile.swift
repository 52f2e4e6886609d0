/// A configuration file that has been read and had its variables filled in.
public struct ConfigurationFile: Sendable {
  /// What the whole is called in a fault.
  static let name = "the file"

  /// What the file holds: a mapping.
  public var root: YAMLNode

  /// Reads a file's bytes; `nil` where they can't be read, with the faults in `faults`. Faults of variables leave the
  /// values as they are written, so that whatever else is wrong is found too.
  public init?(_ source: [UInt8], environment: [String: String], _ faults: inout [Fault]) {
    do throws(Fault) {
      let node = try YAMLComposer.compose(source, &faults)
      guard case .mapping = node.value else {
        throw Fault(node.mark, "the file wants keys and values: pipeline: …")
      }
      root = Environment(environment).filled(node, &faults)
    } catch {
      faults.append(error)
      return nil
    }
  }

  /// Decodes a type from the whole file, or from all but one key, which is read apart. Where this adds errors to `faults`, the
  /// value, if any, has other values in place of those that could not be read: it is good for finding what else is wrong.
  public func decode<Value: Decodable>(
    _ type: Value.Type, without key: String? = nil, _ faults: inout [Fault]
  ) -> Value? {
    let rest = YAMLNode(value: .mapping(root.entries.filter { $0.key != key }), mark: root.mark)
    return ConfigurationDecoder.decode(
      type, from: rest, context: Self.name, besides: key.map { [$0] } ?? [], &faults)
  }
}
