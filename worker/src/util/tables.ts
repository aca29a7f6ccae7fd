// The tables of a Durable Object.

/** Create what is not there yet; return what runs statements. */
export function openTables({ sql }: DurableObjectStorage, statements: string): SqlStorage {
  sql.exec(statements);
  return sql;
}
