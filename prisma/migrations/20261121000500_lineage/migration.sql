-- Lineage: a projection of the ledger. Every row can be dropped and is made again, identical, from the entries.
-- The graph (node, edge) is what is read; the other tables hold the facts from which edges are derived again when
-- a late event changes them. Times are microseconds since 1970 by the producer's clock.

CREATE TABLE "lineage_node" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "kind" TEXT COLLATE "C" NOT NULL,
    "namespace" TEXT COLLATE "C" NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "version" TEXT COLLATE "C",
    "urn" TEXT COLLATE "C" NOT NULL,
    "container" UUID,
    "attributes" JSONB NOT NULL,
    "first_sequence" BIGINT NOT NULL CHECK (first_sequence >= 0),

    CONSTRAINT "lineage_node_pkey" PRIMARY KEY ("tenant_id", "id")
);
CREATE UNIQUE INDEX "lineage_node_tenant_id_urn_key" ON "lineage_node"("tenant_id", "urn");
CREATE INDEX "lineage_node_tenant_id_name_id_idx" ON "lineage_node"("tenant_id", "name", "id");
CREATE INDEX "lineage_node_tenant_id_kind_name_id_idx" ON "lineage_node"("tenant_id", "kind", "name", "id");
CREATE INDEX "lineage_node_tenant_id_container_idx" ON "lineage_node"("tenant_id", "container");

-- Append-only in meaning: a correction closes the old row at the entry that corrected it and adds another.
-- `unit` names the part of the graph that is derived as a whole. Both directions are answered from an index alone.
CREATE TABLE "lineage_edge" (
    "tenant_id" UUID NOT NULL,
    "unit" TEXT COLLATE "C" NOT NULL,
    "src" UUID NOT NULL,
    "dst" UUID NOT NULL,
    "kind" TEXT COLLATE "C" NOT NULL,
    "role" TEXT COLLATE "C" NOT NULL,
    "binding" TEXT COLLATE "C" NOT NULL,
    "sequence" BIGINT NOT NULL CHECK (sequence >= 0),
    "superseded_at_sequence" BIGINT CHECK (superseded_at_sequence > sequence),

    CONSTRAINT "lineage_edge_pkey" PRIMARY KEY ("tenant_id", "unit", "src", "dst", "kind", "role", "sequence")
);
CREATE INDEX "lineage_edge_forward_idx" ON "lineage_edge"("tenant_id", "src", "dst", "sequence", "superseded_at_sequence");
CREATE INDEX "lineage_edge_backward_idx" ON "lineage_edge"("tenant_id", "dst", "src", "sequence", "superseded_at_sequence");

-- Other names of a node: table names of datasets, logged models of runs.
CREATE TABLE "lineage_alias" (
    "tenant_id" UUID NOT NULL,
    "alias" TEXT COLLATE "C" NOT NULL,
    "urn" TEXT COLLATE "C" NOT NULL,
    "sequence" BIGINT NOT NULL,

    CONSTRAINT "lineage_alias_pkey" PRIMARY KEY ("tenant_id", "alias", "urn")
);
CREATE INDEX "lineage_alias_tenant_id_urn_idx" ON "lineage_alias"("tenant_id", "urn");

-- What the events of one OpenLineage run said, united.
CREATE TABLE "lineage_run" (
    "tenant_id" UUID NOT NULL,
    "run_id" TEXT COLLATE "C" NOT NULL,
    "parent_run_id" TEXT COLLATE "C",
    "root_run_id" TEXT COLLATE "C",
    "application_id" TEXT COLLATE "C",
    "tracking_run_id" TEXT COLLATE "C",
    "facts" JSONB NOT NULL,

    CONSTRAINT "lineage_run_pkey" PRIMARY KEY ("tenant_id", "run_id")
);
CREATE INDEX "lineage_run_tenant_id_parent_run_id_idx" ON "lineage_run"("tenant_id", "parent_run_id");
CREATE INDEX "lineage_run_tenant_id_root_run_id_idx" ON "lineage_run"("tenant_id", "root_run_id");
CREATE INDEX "lineage_run_tenant_id_application_id_idx" ON "lineage_run"("tenant_id", "application_id");
CREATE INDEX "lineage_run_tenant_id_tracking_run_id_idx" ON "lineage_run"("tenant_id", "tracking_run_id");

-- Which run names which dataset as an output, to find the two runs of one CREATE TABLE AS SELECT.
CREATE TABLE "lineage_output" (
    "tenant_id" UUID NOT NULL,
    "dataset" UUID NOT NULL,
    "parent_run_id" TEXT COLLATE "C" NOT NULL,
    "run_id" TEXT COLLATE "C" NOT NULL,
    "as_select" BOOLEAN NOT NULL,
    "begins_at" BIGINT NOT NULL,
    "ends_at" BIGINT NOT NULL,

    CONSTRAINT "lineage_output_pkey" PRIMARY KEY ("tenant_id", "dataset", "parent_run_id", "run_id")
);

-- Which run said that it wrote which version. The first one by event time did.
CREATE TABLE "lineage_claim" (
    "tenant_id" UUID NOT NULL,
    "dataset" UUID NOT NULL,
    "version" TEXT COLLATE "C" NOT NULL,
    "run_id" TEXT COLLATE "C" NOT NULL,
    "claimed_at" BIGINT NOT NULL,
    "sequence" BIGINT NOT NULL,

    CONSTRAINT "lineage_claim_pkey" PRIMARY KEY ("tenant_id", "dataset", "version", "run_id")
);
CREATE INDEX "lineage_claim_tenant_id_dataset_claimed_at_sequence_idx" ON "lineage_claim"("tenant_id", "dataset", "claimed_at", "sequence");

-- Completed runs that only read: what a training run does with its data.
CREATE TABLE "lineage_read" (
    "tenant_id" UUID NOT NULL,
    "dataset" UUID NOT NULL,
    "read_at" BIGINT NOT NULL,
    "run_id" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "lineage_read_pkey" PRIMARY KEY ("tenant_id", "dataset", "read_at", "run_id")
);
CREATE INDEX "lineage_read_tenant_id_run_id_idx" ON "lineage_read"("tenant_id", "run_id");

-- A training run as its tracking server showed it last.
CREATE TABLE "lineage_tracking_run" (
    "tenant_id" UUID NOT NULL,
    "source" TEXT COLLATE "C" NOT NULL,
    "run_id" TEXT COLLATE "C" NOT NULL,
    "run_uuid" TEXT COLLATE "C" NOT NULL,
    "application_id" TEXT COLLATE "C",
    "starts_at" BIGINT NOT NULL,
    "ends_at" BIGINT NOT NULL,
    "lookups" TEXT[] NOT NULL,
    "facts" JSONB NOT NULL,

    CONSTRAINT "lineage_tracking_run_pkey" PRIMARY KEY ("tenant_id", "source", "run_id")
);
CREATE INDEX "lineage_tracking_run_tenant_id_run_id_idx" ON "lineage_tracking_run"("tenant_id", "run_id");
CREATE INDEX "lineage_tracking_run_tenant_id_run_uuid_idx" ON "lineage_tracking_run"("tenant_id", "run_uuid");
CREATE INDEX "lineage_tracking_run_tenant_id_application_id_idx" ON "lineage_tracking_run"("tenant_id", "application_id");
CREATE INDEX "lineage_tracking_run_tenant_id_ends_at_starts_at_idx" ON "lineage_tracking_run"("tenant_id", "ends_at", "starts_at");

CREATE TABLE "lineage_model_version" (
    "tenant_id" UUID NOT NULL,
    "source" TEXT COLLATE "C" NOT NULL,
    "model" TEXT COLLATE "C" NOT NULL,
    "version" TEXT COLLATE "C" NOT NULL,
    "run_id" TEXT COLLATE "C",
    "source_uri" TEXT COLLATE "C",

    CONSTRAINT "lineage_model_version_pkey" PRIMARY KEY ("tenant_id", "source", "model", "version")
);

-- A unit waits for a fact that nobody has stated yet: derive it again when the topic comes up.
CREATE TABLE "lineage_interest" (
    "tenant_id" UUID NOT NULL,
    "topic" TEXT COLLATE "C" NOT NULL,
    "unit" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "lineage_interest_pkey" PRIMARY KEY ("tenant_id", "topic", "unit")
);
CREATE INDEX "lineage_interest_tenant_id_unit_idx" ON "lineage_interest"("tenant_id", "unit");

SELECT protect_tenant_table('lineage_node', 'SELECT, INSERT, UPDATE, DELETE');
SELECT protect_tenant_table('lineage_edge', 'SELECT, INSERT, UPDATE, DELETE');
SELECT protect_tenant_table('lineage_alias', 'SELECT, INSERT, UPDATE, DELETE');
SELECT protect_tenant_table('lineage_run', 'SELECT, INSERT, UPDATE, DELETE');
SELECT protect_tenant_table('lineage_output', 'SELECT, INSERT, UPDATE, DELETE');
SELECT protect_tenant_table('lineage_claim', 'SELECT, INSERT, UPDATE, DELETE');
SELECT protect_tenant_table('lineage_read', 'SELECT, INSERT, UPDATE, DELETE');
SELECT protect_tenant_table('lineage_tracking_run', 'SELECT, INSERT, UPDATE, DELETE');
SELECT protect_tenant_table('lineage_model_version', 'SELECT, INSERT, UPDATE, DELETE');
SELECT protect_tenant_table('lineage_interest', 'SELECT, INSERT, UPDATE, DELETE');
