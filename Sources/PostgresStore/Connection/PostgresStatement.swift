/// A statement with the values of its parameters. Its text is prepared once a connection, so texts are few and fixed.
struct PostgresStatement {
  let sql: StaticString
  let values: [PostgresValue]

  init(_ sql: StaticString, _ values: [PostgresValue] = []) {
    self.sql = sql
    self.values = values
  }
}
