import Pipeline

/// Makes the data of a `QUERY` of a request's parts. What the path says wins over the query, and the query over the
/// body, so that nothing in a body passes for another call.
enum CallData {
  static func make(
    _ call: Call, _ route: Route, path: [(name: String, value: String)], _ query: QueryString, body: [UInt8],
    token: String?
  ) throws(Rejection) -> EventData {
    var data = EventData()
    if route.takesBody, !body.isEmpty {
      do throws(JSONFault) { data = try EventData(json: body) } catch {
        throw Rejection(.invalidEvent, "the body is no JSON object: \(error)")
      }
    }
    for name in route.parameters { if let value = query[name] { data.set(name, to: value) } }
    for (name, value) in path { data.set(name, to: value) }
    data.set("query", to: call.rawValue)
    data.remove("changes")
    data.remove("token")
    do throws(JSONFault) {
      if call.changes { try data.set("changes", json: Array("true".utf8)) }
    } catch {
      throw Rejection(.internal, "the call could not be made")
    }
    if let token { data.set("token", to: token) }
    return data
  }
}
