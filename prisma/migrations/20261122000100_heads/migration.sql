-- The log of heads: one RFC 6962 tree for the installation whose leaves say which logs were opened and how far each of
-- them has come. Its checkpoint is what witnesses and time stamps see. These tables belong to no tenant and name none:
-- a log is known here by its random origin only.

-- One row per log of heads. A recovery opens a successor; the one without a successor is current.
CREATE TABLE "heads_log" (
    "log_id" UUID NOT NULL,
    "origin" TEXT NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "predecessor" UUID,

    CONSTRAINT "heads_log_pkey" PRIMARY KEY ("log_id")
);
CREATE UNIQUE INDEX "heads_log_origin_key" ON "heads_log"("origin");
-- One first log and one successor for each: two processes that open at once end up with the same one.
CREATE UNIQUE INDEX "heads_log_predecessor_key" ON "heads_log"("predecessor") NULLS NOT DISTINCT;

-- The only mutable row. No other index may be added, so that its updates stay on the page (HOT).
CREATE TABLE "heads_head" (
    "log_id" UUID NOT NULL,
    "size" BIGINT NOT NULL CHECK (size >= 0),
    "frontier" BYTEA NOT NULL,
    "root" BYTEA NOT NULL CHECK (octet_length(root) = 32),

    CONSTRAINT "heads_head_pkey" PRIMARY KEY ("log_id")
) WITH (fillfactor = 50);

-- `leaf` is what is hashed. The columns before it repeat its fields for queries and are never trusted.
CREATE TABLE "heads_leaf" (
    "log_id" UUID NOT NULL,
    "idx" BIGINT NOT NULL CHECK (idx >= 0),
    "kind" TEXT COLLATE "C" NOT NULL,
    "origin" TEXT COLLATE "C" NOT NULL,
    "tree_size" BIGINT CHECK (tree_size >= 0),
    "leaf" BYTEA NOT NULL CHECK (octet_length(leaf) <= 65535),
    "leaf_hash" BYTEA NOT NULL CHECK (octet_length(leaf_hash) = 32),

    CONSTRAINT "heads_leaf_pkey" PRIMARY KEY ("log_id", "idx")
);
CREATE INDEX "heads_leaf_log_id_origin_kind_tree_size_idx" ON "heads_leaf"("log_id", "origin", "kind", "tree_size");
CREATE INDEX "heads_leaf_log_id_origin_kind_idx_idx" ON "heads_leaf"("log_id", "origin", "kind", "idx");

-- Full tiles only, as in ledger_tile.
CREATE TABLE "heads_tile" (
    "log_id" UUID NOT NULL,
    "level" SMALLINT NOT NULL CHECK (level >= 0),
    "idx" BIGINT NOT NULL CHECK (idx >= 0),
    "root" BYTEA NOT NULL CHECK (octet_length(root) = 32),
    "hashes" BYTEA NOT NULL CHECK (octet_length(hashes) = 8192),

    CONSTRAINT "heads_tile_pkey" PRIMARY KEY ("log_id", "level", "idx")
);
ALTER TABLE "heads_tile" ALTER COLUMN "hashes" SET STORAGE EXTERNAL;

-- Signed, but not necessarily shown to anybody. The key keeps two replicas from signing two roots for one size.
CREATE TABLE "heads_checkpoint" (
    "log_id" UUID NOT NULL,
    "size" BIGINT NOT NULL CHECK (size > 0),
    "root" BYTEA NOT NULL CHECK (octet_length(root) = 32),
    "note" TEXT NOT NULL,
    "signed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "heads_checkpoint_pkey" PRIMARY KEY ("log_id", "size")
);

-- What others said about a checkpoint: a cosignature line, a time stamp token, where a copy lies.
CREATE TABLE "heads_anchor" (
    "log_id" UUID NOT NULL,
    "size" BIGINT NOT NULL,
    "kind" TEXT COLLATE "C" NOT NULL CHECK (kind IN ('witness', 'timestamp', 'copy')),
    "who" TEXT COLLATE "C" NOT NULL,
    "evidence" BYTEA NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "heads_anchor_pkey" PRIMARY KEY ("log_id", "size", "kind", "who")
);
CREATE INDEX "heads_anchor_log_id_kind_size_idx" ON "heads_anchor"("log_id", "kind", "size");

-- Which checkpoints anybody may see. `quorum`: the witnesses of the policy had cosigned it by then; false only where no
-- witness policy was set.
CREATE TABLE "heads_publication" (
    "log_id" UUID NOT NULL,
    "size" BIGINT NOT NULL,
    "quorum" BOOLEAN NOT NULL,
    "published_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "heads_publication_pkey" PRIMARY KEY ("log_id", "size")
);
CREATE INDEX "heads_publication_log_id_quorum_size_idx" ON "heads_publication"("log_id", "quorum", "size");

DO $$
DECLARE
  target text;
BEGIN
  FOREACH target IN ARRAY ARRAY['heads_log', 'heads_head', 'heads_leaf', 'heads_tile', 'heads_checkpoint',
    'heads_anchor', 'heads_publication']
  LOOP
    EXECUTE format('ALTER TABLE %I OWNER TO countersign_owner', target);
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', target);
    EXECUTE format('GRANT SELECT, INSERT ON %I TO countersign_runtime', target);
    IF target <> 'heads_head' THEN
      PERFORM protect_append_only(target::regclass);
    END IF;
  END LOOP;
END
$$;

-- A head row moves forward but is never taken away.
GRANT UPDATE ON "heads_head" TO countersign_runtime;
CREATE TRIGGER append_only_rows BEFORE DELETE ON "heads_head" FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_table BEFORE TRUNCATE ON "heads_head" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE "heads_head" ENABLE ALWAYS TRIGGER append_only_rows;
ALTER TABLE "heads_head" ENABLE ALWAYS TRIGGER append_only_table;

-- The logs of which a log of heads does not know yet that they were opened, or how far they have come; newest
-- checkpoints, without a query per tenant. Like ledger_unsigned, it tells the process and never a caller, and it runs
-- as the owner, whom FORCE ROW LEVEL SECURITY binds too, hence the policy. A tenant's newest log is its log.
CREATE POLICY owner_routing ON "ledger_log" FOR SELECT TO countersign_owner USING (true);

CREATE FUNCTION heads_due(log uuid) RETURNS TABLE (
  origin text,
  opened_at timestamptz,
  opened boolean,
  size bigint,
  note text,
  waiting_since timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public
AS $$
  SELECT l.origin, l.opened_at, l.opened, c.size, c.note,
    CASE WHEN l.opened THEN w.signed_at ELSE least(l.opened_at, w.signed_at) END
  FROM (
    SELECT DISTINCT ON (g.tenant_id) g.tenant_id, g.origin, g.opened_at,
      EXISTS (
        SELECT FROM heads_leaf o
        WHERE o.log_id = log AND o.origin = g.origin AND o.kind = 'log.opened/1'
      ) AS opened
    FROM ledger_log g ORDER BY g.tenant_id, g.opened_at DESC
  ) l
  LEFT JOIN LATERAL (
    SELECT h.tree_size FROM heads_leaf h
    WHERE h.log_id = log AND h.origin = l.origin AND h.kind = 'head/1'
    ORDER BY h.tree_size DESC LIMIT 1
  ) h ON true
  LEFT JOIN LATERAL (
    SELECT k.size, k.note FROM ledger_checkpoint k
    WHERE k.tenant_id = l.tenant_id AND k.size > coalesce(h.tree_size, 0)
    ORDER BY k.size DESC LIMIT 1
  ) c ON true
  LEFT JOIN LATERAL (
    SELECT k.signed_at FROM ledger_checkpoint k
    WHERE k.tenant_id = l.tenant_id AND k.size > coalesce(h.tree_size, 0)
    ORDER BY k.size LIMIT 1
  ) w ON true
  WHERE NOT l.opened OR c.size IS NOT NULL
$$;

ALTER FUNCTION heads_due(uuid) OWNER TO countersign_owner;
REVOKE ALL ON FUNCTION heads_due(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION heads_due(uuid) TO countersign_runtime;
