-- Looks over every statement that appends entries, whoever runs it: a writer with a fault must not get a broken chain
-- into the table. It repeats what the service computed with PostgreSQL's own sha256() and nothing of the service's:
--   leaf      leaf_hash is SHA-256(0x00 || canonical)
--   sequence  sequences run on from the rows before without a gap
--   previous  `prev` in the hashed bytes is the leaf hash of the row before, zeros at sequence 0
--   header    the hashed bytes name the row's tenant and sequence
-- A quote inside a JSON string stands escaped, so `"prev":"` can be nothing but the member of that name. Canonical JSON has
-- its members in one order, so one pattern holds them all; on bytes, since that needs no conversion.
-- Compared with EXISTS, so that the check holds without the primary key too.
CREATE FUNCTION recheck_entries() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public
AS $$
DECLARE
  bad record;
BEGIN
  SELECT r.tenant_id, r.seq,
    CASE
      WHEN r.own_leaf IS NOT TRUE THEN 'leaf'
      WHEN r.seq > 0 AND r.seq_before IS DISTINCT FROM r.seq - 1 AND (r.seq_before IS NOT NULL OR NOT EXISTS (
        SELECT 1 FROM ledger_entry e WHERE e.tenant_id = r.tenant_id AND e.seq = r.seq - 1)) THEN 'sequence'
      WHEN r.canonical NOT LIKE convert_to('%' || r.place, 'UTF8') THEN 'header'
      ELSE 'previous'
    END AS rule
  INTO bad
  FROM (
    SELECT a.tenant_id, a.seq, a.canonical,
      sha256('\x00'::bytea || a.canonical) = a.leaf_hash AS own_leaf,
      '","recordedAt":"________________________","seq":' || a.seq || ',"source":"%","tenant":"' || a.tenant_id
        || '","type":"%' AS place,
      lag(a.seq) OVER w AS seq_before, lag(a.leaf_hash) OVER w AS hash_before
    FROM added a
    WINDOW w AS (PARTITION BY a.tenant_id ORDER BY a.seq)
  ) r
  WHERE r.own_leaf IS NOT TRUE
    OR NOT CASE
      WHEN r.seq = 0 THEN r.canonical LIKE convert_to('%,"prev":"' || repeat('0', 64) || r.place, 'UTF8')
      WHEN r.seq_before = r.seq - 1
        THEN r.canonical LIKE convert_to('%,"prev":"' || encode(r.hash_before, 'hex') || r.place, 'UTF8')
      WHEN r.seq_before IS NOT NULL AND r.seq_before <> r.seq THEN false
      ELSE EXISTS (
        SELECT 1 FROM ledger_entry e
        WHERE e.tenant_id = r.tenant_id AND e.seq = r.seq - 1
          AND r.canonical LIKE convert_to('%,"prev":"' || encode(e.leaf_hash, 'hex') || r.place, 'UTF8'))
    END
  ORDER BY r.tenant_id, r.seq
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'entry % breaks the chain: %', bad.seq, bad.rule USING ERRCODE = 'CS010';
  END IF;
  RETURN NULL;
END
$$;
ALTER FUNCTION recheck_entries() OWNER TO countersign_owner;
REVOKE ALL ON FUNCTION recheck_entries() FROM PUBLIC;

CREATE TRIGGER append_only_recheck AFTER INSERT ON "ledger_entry" REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION recheck_entries();
ALTER TABLE "ledger_entry" ENABLE ALWAYS TRIGGER append_only_recheck;
