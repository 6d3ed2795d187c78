-- The ledger. Hashed bytes are bytea, never jsonb (which reorders keys and rewrites numbers). Every key starts with
-- tenant_id and no foreign key leaves the tenant, so the tables distribute by tenant as they are. Text columns that
-- are searched by prefix compare bytewise (COLLATE "C"), whatever the database's own collation is.

CREATE TABLE "ledger_log" (
    "tenant_id" UUID NOT NULL,
    "log_id" UUID NOT NULL,
    "origin" TEXT NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ledger_log_pkey" PRIMARY KEY ("tenant_id")
);

-- The only mutable row of a ledger. Half-filled pages keep its updates on the page (HOT); no other index may be added.
CREATE TABLE "ledger_head" (
    "tenant_id" UUID NOT NULL,
    "size" BIGINT NOT NULL CHECK (size >= 0),
    "head_hash" BYTEA NOT NULL CHECK (octet_length(head_hash) = 32),
    "frontier" BYTEA NOT NULL,
    "root" BYTEA NOT NULL CHECK (octet_length(root) = 32),
    "last_recorded_at" TIMESTAMPTZ(3) NOT NULL,
    -- Why nothing may be appended, in words for people; null while it may.
    "frozen_reason" TEXT CHECK (frozen_reason <> ''),

    CONSTRAINT "ledger_head_pkey" PRIMARY KEY ("tenant_id")
) WITH (fillfactor = 50);

-- `canonical` is what was hashed. The columns before it repeat its fields for queries and are never trusted.
CREATE TABLE "ledger_entry" (
    "tenant_id" UUID NOT NULL,
    "seq" BIGINT NOT NULL CHECK (seq >= 0),
    "id" UUID NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "type" TEXT COLLATE "C" NOT NULL,
    "source" TEXT COLLATE "C" NOT NULL,
    "subject" TEXT COLLATE "C" NOT NULL,
    "actor" TEXT COLLATE "C" NOT NULL,
    "delivery" TEXT COLLATE "C" NOT NULL,
    "canonical" BYTEA NOT NULL CHECK (octet_length(canonical) <= 65535),
    "leaf_hash" BYTEA NOT NULL CHECK (octet_length(leaf_hash) = 32),
    "payload_digest" BYTEA NOT NULL CHECK (octet_length(payload_digest) = 32),
    "evidence_digest" BYTEA CHECK (octet_length(evidence_digest) = 32),

    CONSTRAINT "ledger_entry_pkey" PRIMARY KEY ("tenant_id", "seq")
);
CREATE INDEX "ledger_entry_tenant_id_actor_seq_idx" ON "ledger_entry"("tenant_id", "actor", "seq");
CREATE INDEX "ledger_entry_tenant_id_subject_seq_idx" ON "ledger_entry"("tenant_id", "subject", "seq");
CREATE INDEX "ledger_entry_tenant_id_type_seq_idx" ON "ledger_entry"("tenant_id", "type", "seq");

CREATE TABLE "ledger_payload" (
    "tenant_id" UUID NOT NULL,
    "seq" BIGINT NOT NULL,
    "bytes" BYTEA NOT NULL,

    CONSTRAINT "ledger_payload_pkey" PRIMARY KEY ("tenant_id", "seq")
);

-- What opens a commitment of a payload: sha256(salt || value) stands at `path`.
CREATE TABLE "ledger_disclosure" (
    "tenant_id" UUID NOT NULL,
    "seq" BIGINT NOT NULL,
    "path" TEXT COLLATE "C" NOT NULL,
    "salt" BYTEA NOT NULL CHECK (octet_length(salt) = 16),
    "value" BYTEA NOT NULL,
    "data_subject" TEXT COLLATE "C",

    CONSTRAINT "ledger_disclosure_pkey" PRIMARY KEY ("tenant_id", "seq", "path")
);

-- The received bytes: evidence_digest = sha256(salt || bytes).
CREATE TABLE "ledger_evidence" (
    "tenant_id" UUID NOT NULL,
    "seq" BIGINT NOT NULL,
    "salt" BYTEA NOT NULL CHECK (octet_length(salt) = 16),
    "media_type" TEXT NOT NULL,
    "bytes" BYTEA NOT NULL,

    CONSTRAINT "ledger_evidence_pkey" PRIMARY KEY ("tenant_id", "seq")
);

-- Idempotency: one entry per (source, delivery), with the hash of what it said.
CREATE TABLE "ledger_delivery" (
    "tenant_id" UUID NOT NULL,
    "source" TEXT COLLATE "C" NOT NULL,
    "delivery" TEXT COLLATE "C" NOT NULL,
    "seq" BIGINT NOT NULL,
    "content_hash" BYTEA NOT NULL CHECK (octet_length(content_hash) = 32),

    CONSTRAINT "ledger_delivery_pkey" PRIMARY KEY ("tenant_id", "source", "delivery")
);

-- Full tiles only (C2SP tlog-tiles, 256 hashes). Partial ones follow from leaf hashes and from the roots kept here.
CREATE TABLE "ledger_tile" (
    "tenant_id" UUID NOT NULL,
    "level" SMALLINT NOT NULL CHECK (level >= 0),
    "idx" BIGINT NOT NULL CHECK (idx >= 0),
    "root" BYTEA NOT NULL CHECK (octet_length(root) = 32),
    "hashes" BYTEA NOT NULL CHECK (octet_length(hashes) = 8192),

    CONSTRAINT "ledger_tile_pkey" PRIMARY KEY ("tenant_id", "level", "idx")
);
-- Hashes do not compress.
ALTER TABLE "ledger_tile" ALTER COLUMN "hashes" SET STORAGE EXTERNAL;

-- The key is what keeps two replicas from signing two roots for one size.
CREATE TABLE "ledger_checkpoint" (
    "tenant_id" UUID NOT NULL,
    "size" BIGINT NOT NULL CHECK (size >= 0),
    "root" BYTEA NOT NULL CHECK (octet_length(root) = 32),
    "note" TEXT NOT NULL,
    "signed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ledger_checkpoint_pkey" PRIMARY KEY ("tenant_id", "size")
);

-- How far each projection has read. Not part of the ledger: it may be dropped and rebuilt.
CREATE TABLE "projection_cursor" (
    "tenant_id" UUID NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "sequence" BIGINT NOT NULL CHECK (sequence >= -1),

    CONSTRAINT "projection_cursor_pkey" PRIMARY KEY ("tenant_id", "name")
) WITH (fillfactor = 50);

SELECT protect_tenant_table('ledger_head', 'SELECT, INSERT, UPDATE');
SELECT protect_tenant_table('projection_cursor', 'SELECT, INSERT, UPDATE');

DO $$
DECLARE
  target text;
BEGIN
  FOREACH target IN ARRAY ARRAY['ledger_log', 'ledger_entry', 'ledger_payload', 'ledger_disclosure',
    'ledger_evidence', 'ledger_delivery', 'ledger_tile', 'ledger_checkpoint']
  LOOP
    PERFORM protect_tenant_table(target::regclass, 'SELECT, INSERT');
    PERFORM protect_append_only(target::regclass);
  END LOOP;
END
$$;

-- A head row moves forward but is never taken away.
CREATE TRIGGER append_only_rows BEFORE DELETE ON "ledger_head" FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_table BEFORE TRUNCATE ON "ledger_head" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE "ledger_head" ENABLE ALWAYS TRIGGER append_only_rows;
ALTER TABLE "ledger_head" ENABLE ALWAYS TRIGGER append_only_table;

-- Workers serve every tenant and must learn which of them have work, without a query per tenant. The two functions
-- below are all that crosses tenants: ids and counts, to the process, never to a caller. They run as the owner,
-- whom FORCE ROW LEVEL SECURITY binds too, hence the policies.
CREATE POLICY owner_routing ON "ledger_head" FOR SELECT TO countersign_owner USING (true);
CREATE POLICY owner_routing ON "ledger_checkpoint" FOR SELECT TO countersign_owner USING (true);
CREATE POLICY owner_routing ON "projection_cursor" FOR SELECT TO countersign_owner USING (true);

-- Tenants whose ledger grew since their last checkpoint.
CREATE FUNCTION ledger_unsigned() RETURNS TABLE (tenant_id uuid, size bigint, checkpointed bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public
AS $$
  SELECT h.tenant_id, h.size, coalesce(c.size, 0)
  FROM ledger_head h
  LEFT JOIN LATERAL (
    SELECT k.size FROM ledger_checkpoint k WHERE k.tenant_id = h.tenant_id ORDER BY k.size DESC LIMIT 1
  ) c ON true
  WHERE h.size > coalesce(c.size, 0)
$$;

-- Tenants for which one of the named projections has not read to the end.
CREATE FUNCTION projection_behind(names text[]) RETURNS TABLE (tenant_id uuid, size bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public
AS $$
  SELECT h.tenant_id, h.size
  FROM ledger_head h
  WHERE h.size > 0 AND cardinality(names) > (
    SELECT count(*) FROM projection_cursor c
    WHERE c.tenant_id = h.tenant_id AND c.name = ANY (names) AND c.sequence >= h.size - 1
  )
$$;

ALTER FUNCTION ledger_unsigned() OWNER TO countersign_owner;
ALTER FUNCTION projection_behind(text[]) OWNER TO countersign_owner;
REVOKE ALL ON FUNCTION ledger_unsigned() FROM PUBLIC;
REVOKE ALL ON FUNCTION projection_behind(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_unsigned() TO countersign_runtime;
GRANT EXECUTE ON FUNCTION projection_behind(text[]) TO countersign_runtime;
