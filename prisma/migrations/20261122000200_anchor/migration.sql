-- What a recovery needs: room for a log's successor, and the record that the installation was found behind or forked.

-- A recovery opens a successor of a tenant's log: the same entries go on under another origin, since a log must never
-- sign two trees that contradict each other. One first log and one successor for each.
ALTER TABLE "ledger_log" ADD COLUMN "predecessor" UUID;
ALTER TABLE "ledger_log" DROP CONSTRAINT "ledger_log_pkey";
ALTER TABLE "ledger_log" ADD CONSTRAINT "ledger_log_pkey" PRIMARY KEY ("tenant_id", "log_id");
CREATE UNIQUE INDEX "ledger_log_tenant_id_predecessor_key" ON "ledger_log"("tenant_id", "predecessor") NULLS NOT DISTINCT;

-- One row each time that a replica found something outside which this store does not contain. Nobody appends while
-- the newest row has no recovery.
CREATE TABLE "installation_freeze" (
    "id" UUID NOT NULL,
    "code" TEXT COLLATE "C" NOT NULL,
    "reason" TEXT NOT NULL,
    "origin" TEXT COLLATE "C" NOT NULL,
    "outside" TEXT NOT NULL,
    "outside_size" BIGINT NOT NULL CHECK (outside_size >= 0),
    "outside_note" TEXT,
    "store_size" BIGINT NOT NULL CHECK (store_size >= 0),
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "installation_freeze_pkey" PRIMARY KEY ("id")
);

-- How an operator went on from there. `record` is the signed note.
CREATE TABLE "installation_recovery" (
    "freeze_id" UUID NOT NULL,
    "record" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "installation_recovery_pkey" PRIMARY KEY ("freeze_id")
);

-- Which replica collects anchors, until when. A lease only saves work: two that collect do no harm.
CREATE TABLE "anchor_lease" (
    "name" TEXT COLLATE "C" NOT NULL,
    "holder" UUID NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "anchor_lease_pkey" PRIMARY KEY ("name")
) WITH (fillfactor = 50);

DO $$
DECLARE
  target text;
BEGIN
  FOREACH target IN ARRAY ARRAY['installation_freeze', 'installation_recovery', 'anchor_lease']
  LOOP
    EXECUTE format('ALTER TABLE %I OWNER TO countersign_owner', target);
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', target);
    EXECUTE format('GRANT SELECT, INSERT ON %I TO countersign_runtime', target);
    IF target <> 'anchor_lease' THEN
      PERFORM protect_append_only(target::regclass);
    END IF;
  END LOOP;
END
$$;
GRANT UPDATE ON "anchor_lease" TO countersign_runtime;
