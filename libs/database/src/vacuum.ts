import pg from 'pg';

/**
 * Lets go of rows that were deleted from these tables, rather than leaving that to autovacuum. The connection must be of
 * a role that owns them. False when it may not, or the database does not answer: they go later, then.
 */
export async function vacuumTables(
  connectionString: string,
  tables: readonly string[],
): Promise<boolean> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
    const { rows } = await client.query<{ all_owned: boolean }>(
      `SELECT bool_and(pg_has_role(relowner, 'USAGE')) AS all_owned FROM pg_class
       WHERE oid = ANY ($1::regclass[]::oid[])`,
      [tables],
    );
    // VACUUM of a table that is not one's own only warns.
    if (rows[0]?.all_owned !== true) return false;
    for (const table of tables) {
      await client.query(`VACUUM (INDEX_CLEANUP ON) ${pg.escapeIdentifier(table)}`);
    }
    return true;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}
