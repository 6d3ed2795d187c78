-- Erasure of personal data. Disclosures and evidence are the only rows of the ledger that can ever go, and one
-- function of a role of its own is the only way: nobody logs in as that role or is a member of it.
DO $$
BEGIN
  BEGIN
    CREATE ROLE countersign_eraser NOLOGIN;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
  END;
END
$$;

-- What must not be erased while it is in force: one data subject, a range of entries, or (neither) the whole ledger.
-- The reason is free text, so it stands in the ledger alone, as the disclosure of `legal_hold.placed`.
CREATE TABLE "legal_hold" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "subject" TEXT COLLATE "C",
    "from_sequence" BIGINT CHECK (from_sequence >= 0),
    "to_sequence" BIGINT CHECK (to_sequence >= from_sequence),
    "placed_at" TIMESTAMPTZ(3) NOT NULL,
    "placed_by" TEXT NOT NULL CHECK (placed_by ~ '^(user|svc|system):'),
    "released_at" TIMESTAMPTZ(3),
    "released_by" TEXT CHECK (released_by ~ '^(user|svc|system):'),

    CONSTRAINT "legal_hold_pkey" PRIMARY KEY ("tenant_id", "id"),
    CONSTRAINT "legal_hold_scope" CHECK ((from_sequence IS NULL) = (to_sequence IS NULL)
        AND (subject IS NULL OR from_sequence IS NULL)),
    CONSTRAINT "legal_hold_released_by_someone" CHECK ((released_at IS NULL) = (released_by IS NULL))
);
SELECT protect_tenant_table('legal_hold', 'SELECT, INSERT');
-- A hold never changes after it was placed, it is only released.
GRANT UPDATE (released_at, released_by) ON "legal_hold" TO countersign_runtime;
CREATE TRIGGER append_only_rows BEFORE DELETE ON "legal_hold" FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_table BEFORE TRUNCATE ON "legal_hold" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE "legal_hold" ENABLE ALWAYS TRIGGER append_only_rows;
ALTER TABLE "legal_hold" ENABLE ALWAYS TRIGGER append_only_table;

-- Projections whose rows still show what was erased: asked for with the erasure, done by whoever gets to it first.
CREATE TABLE "projection_rebuild" (
    "tenant_id" UUID NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "asked_sequence" BIGINT NOT NULL CHECK (asked_sequence >= 0),
    "done_sequence" BIGINT NOT NULL CHECK (done_sequence >= -1),

    CONSTRAINT "projection_rebuild_pkey" PRIMARY KEY ("tenant_id", "name")
);
SELECT protect_tenant_table('projection_rebuild', 'SELECT, INSERT, UPDATE');
CREATE POLICY owner_routing ON "projection_rebuild" FOR SELECT TO countersign_owner USING (true);

-- Tenants that have one to do. Crosses tenants with ids alone, as the routing functions of the ledger do.
CREATE FUNCTION projection_rebuilds_due() RETURNS TABLE (tenant_id uuid, name text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public
AS $$
  SELECT r.tenant_id, r.name FROM projection_rebuild r WHERE r.done_sequence < r.asked_sequence
$$;
ALTER FUNCTION projection_rebuilds_due() OWNER TO countersign_owner;
REVOKE ALL ON FUNCTION projection_rebuilds_due() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION projection_rebuilds_due() TO countersign_runtime;

-- Append-only as before, but for the erasing function. It decides by the role that executes, which no setting of a
-- session can change: only a member of the role could become it.
CREATE FUNCTION refuse_change_but_erasure() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_user = 'countersign_eraser' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'CS002';
END
$$;
ALTER FUNCTION refuse_change_but_erasure() OWNER TO countersign_owner;
REVOKE ALL ON FUNCTION refuse_change_but_erasure() FROM PUBLIC;

DO $$
DECLARE
  target text;
BEGIN
  FOREACH target IN ARRAY ARRAY['ledger_disclosure', 'ledger_evidence'] LOOP
    EXECUTE format('DROP TRIGGER append_only_rows ON %I', target);
    EXECUTE format(
      'CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change_but_erasure()',
      target);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER append_only_rows', target);
    EXECUTE format('GRANT SELECT, DELETE ON %I TO countersign_eraser', target);
  END LOOP;
END
$$;
GRANT USAGE ON SCHEMA public TO countersign_eraser;
GRANT SELECT ON "ledger_entry", "legal_hold" TO countersign_eraser;
GRANT EXECUTE ON FUNCTION app_tenant() TO countersign_eraser;

-- Deletes the named disclosures (one path per sequence, pairwise) and the evidence of the named entries, of the
-- tenant of this transaction. `ordered_by` is the entry that says so; it must have been appended by this very
-- transaction, so the rows go if and only if the ledger tells of it. A legal hold in force refuses, whoever asks.
-- Raises CS004 (no such entry), CS005 (held; the detail is the hold's id), CS006 (something named is not there).
CREATE FUNCTION ledger_erase(ordered_by bigint, sequences bigint[], paths text[], evidence_of bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public
AS $$
DECLARE
  tenant uuid := app_tenant();
  held uuid;
  gone bigint;
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM ledger_entry e
    WHERE e.tenant_id = tenant AND e.seq = ordered_by
      AND e.type IN ('subject.erased', 'ledger.evidence_erased')
      AND e.xmin = pg_current_xact_id()::xid) THEN
    RAISE EXCEPTION 'nothing is erased without an entry of this transaction that says so' USING ERRCODE = 'CS004';
  END IF;

  SELECT h.id INTO held FROM legal_hold h
  WHERE h.tenant_id = tenant AND h.released_at IS NULL AND (
      (h.subject IS NULL AND h.from_sequence IS NULL)
      OR EXISTS (SELECT 1 FROM unnest(sequences || evidence_of) AS s(seq)
                 WHERE s.seq BETWEEN h.from_sequence AND h.to_sequence)
      OR EXISTS (SELECT 1 FROM ledger_disclosure d
                 WHERE d.tenant_id = tenant AND d.data_subject = h.subject
                   AND d.seq = ANY (sequences || evidence_of)))
  ORDER BY h.placed_at, h.id LIMIT 1;
  IF held IS NOT NULL THEN
    RAISE EXCEPTION 'a legal hold is in force' USING ERRCODE = 'CS005', DETAIL = held::text;
  END IF;

  DELETE FROM ledger_disclosure d USING unnest(sequences, paths) AS t(seq, path)
  WHERE d.tenant_id = tenant AND d.seq = t.seq AND d.path = t.path;
  GET DIAGNOSTICS gone = ROW_COUNT;
  IF gone <> cardinality(sequences) THEN
    RAISE EXCEPTION '% of % disclosures are there', gone, cardinality(sequences) USING ERRCODE = 'CS006';
  END IF;
  DELETE FROM ledger_evidence v WHERE v.tenant_id = tenant AND v.seq = ANY (evidence_of);
  GET DIAGNOSTICS gone = ROW_COUNT;
  IF gone <> cardinality(evidence_of) THEN
    RAISE EXCEPTION '% of % pieces of evidence are there', gone, cardinality(evidence_of) USING ERRCODE = 'CS006';
  END IF;
END
$$;
REVOKE ALL ON FUNCTION ledger_erase(bigint, bigint[], text[], bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_erase(bigint, bigint[], text[], bigint[]) TO countersign_runtime;

-- To hand a function over, its new owner needs CREATE and whoever migrates must be a member; both end here.
DO $$
BEGIN
  GRANT CREATE ON SCHEMA public TO countersign_eraser;
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('GRANT countersign_eraser TO %I', current_user);
  END IF;
  ALTER FUNCTION ledger_erase(bigint, bigint[], text[], bigint[]) OWNER TO countersign_eraser;
  REVOKE CREATE ON SCHEMA public FROM countersign_eraser;
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('REVOKE countersign_eraser FROM %I', current_user);
  END IF;
END
$$;

-- Finds the disclosures about one person without reading the whole ledger. Most are about nobody in particular.
CREATE INDEX "ledger_disclosure_data_subject" ON "ledger_disclosure"("tenant_id", "data_subject", "seq")
    WHERE data_subject IS NOT NULL;

-- Protection does not come off with one statement. DROP of a protected table, trigger or policy, and ALTER TABLE
-- that leaves one unprotected, are refused, to the owner too. Only a superuser can make event triggers; where the
-- migration runs as somebody else, an administrator creates the two of them (docs/personal-data.md).
-- A later migration that must do such a thing disables them first, in plain sight. Their functions stay with whoever
-- migrates: the owner of the tables must not be able to replace them.
CREATE FUNCTION is_protected_name(name text) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
  SELECT name ~ '^(ledger_|heads_|installation_|legal_hold$|promotion_cover$)'
$$;

CREATE FUNCTION guard_drop() RETURNS event_trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public
AS $$
DECLARE
  dropped record;
BEGIN
  FOR dropped IN SELECT object_type, object_identity, address_names FROM pg_event_trigger_dropped_objects()
  LOOP
    IF dropped.object_type IN ('table', 'table column', 'table constraint', 'trigger', 'policy')
       AND dropped.address_names[1] = 'public' AND is_protected_name(dropped.address_names[2]) THEN
      RAISE EXCEPTION 'DROP of % % refused: the ledger is append-only', dropped.object_type, dropped.object_identity
        USING ERRCODE = 'CS007', HINT = 'A superuser may SET event_triggers = off for this session.';
    END IF;
  END LOOP;
END
$$;

CREATE FUNCTION guard_alter() RETURNS event_trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public
AS $$
DECLARE
  bare text;
BEGIN
  SELECT c.relname INTO bare
  FROM pg_event_trigger_ddl_commands() k JOIN pg_class c ON c.oid = k.objid
  WHERE k.classid = 'pg_class'::regclass AND k.schema_name = 'public' AND (
    EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname LIKE 'append\_only\_%'
              AND t.tgenabled IN ('D', 'R'))
    OR (EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant_isolation')
        AND NOT (c.relrowsecurity AND c.relforcerowsecurity)))
  LIMIT 1;
  IF bare IS NOT NULL THEN
    RAISE EXCEPTION 'ALTER TABLE refused: it would leave % unprotected', bare
      USING ERRCODE = 'CS007', HINT = 'A superuser may SET event_triggers = off for this session.';
  END IF;
END
$$;

DO $$
BEGIN
  IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    CREATE EVENT TRIGGER countersign_guard_drop ON sql_drop EXECUTE FUNCTION guard_drop();
    CREATE EVENT TRIGGER countersign_guard_alter ON ddl_command_end WHEN TAG IN ('ALTER TABLE')
      EXECUTE FUNCTION guard_alter();
    ALTER EVENT TRIGGER countersign_guard_drop ENABLE ALWAYS;
    ALTER EVENT TRIGGER countersign_guard_alter ENABLE ALWAYS;
  END IF;
END
$$;
