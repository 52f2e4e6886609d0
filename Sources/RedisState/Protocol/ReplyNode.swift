import CHiredis

/// A reply, or an element of one, while hiredis' reader is at it.
///
/// The reader owns the root, and each array its elements. Elements are appended as they come, so that an array's
/// announced length allocates nothing.
final class ReplyNode {
  private var leaf: RESPValue?
  private var elements: [ReplyNode] = []

  private init(_ leaf: RESPValue?) { self.leaf = leaf }

  var value: RESPValue { leaf ?? .array(elements.map(\.value)) }

  /// What the reader calls to build replies. Written once, before the first reader exists, and only read from then on,
  /// which makes sharing it safe.
  nonisolated(unsafe) static let functions: UnsafeMutablePointer<redisReplyObjectFunctions> = {
    let functions = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
    functions.initialize(
      to: redisReplyObjectFunctions(
        createString: { task, text, count in
          let bytes = UnsafeRawBufferPointer(start: text, count: count)
          let isError = task?.pointee.type == REDIS_REPLY_ERROR
          return place(isError ? .error(String(decoding: bytes, as: UTF8.self)) : .string(Array(bytes)), task)
        },
        createArray: { task, _ in place(nil, task) },
        createInteger: { task, number in place(.integer(Int64(number)), task) },
        createNil: { task in place(.null, task) },
        freeObject: { root in
          if let root { Unmanaged<ReplyNode>.fromOpaque(root).release() }
        }))
    return functions
  }()

  private static func place(
    _ leaf: RESPValue?, _ task: UnsafePointer<redisReadTask>?
  ) -> UnsafeMutableRawPointer {
    let node = ReplyNode(leaf)
    guard let parent = task?.pointee.parent?.pointee.obj else {
      return Unmanaged.passRetained(node).toOpaque()
    }
    Unmanaged<ReplyNode>.fromOpaque(parent).takeUnretainedValue().elements.append(node)
    return Unmanaged.passUnretained(node).toOpaque()
  }
}
