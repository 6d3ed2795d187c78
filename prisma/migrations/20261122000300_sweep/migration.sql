-- The nightly verification goes by the log of heads, which knows every log that was ever opened but no tenants. This
-- tells it whose log an origin is. Like ledger_unsigned, it tells the process and never a caller.
CREATE FUNCTION ledger_logs() RETURNS TABLE (tenant_id uuid, origin text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public
AS $$
  SELECT l.tenant_id, l.origin FROM ledger_log l
$$;

ALTER FUNCTION ledger_logs() OWNER TO countersign_owner;
REVOKE ALL ON FUNCTION ledger_logs() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_logs() TO countersign_runtime;
