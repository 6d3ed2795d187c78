-- The registry mirror: a projection of the ledger, droppable, made again from entries alone.

-- One incarnation of a registered model or prompt. A projection: droppable, made again from entries.
CREATE TABLE "registry_model" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "source" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "incarnation" INTEGER NOT NULL,
    "description" TEXT,
    "basis" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3),
    "deleted_earliest" TIMESTAMPTZ(3),
    "deleted_latest" TIMESTAMPTZ(3),
    "first_sequence" BIGINT NOT NULL,
    "first_heard_at" TIMESTAMPTZ(3) NOT NULL,
    "last_heard_at" TIMESTAMPTZ(3) NOT NULL,
    "highest_version" BIGINT,

    CONSTRAINT "registry_model_pkey" PRIMARY KEY ("tenant_id", "id")
);
CREATE UNIQUE INDEX "registry_model_tenant_id_name_source_kind_incarnation_key" ON "registry_model"("tenant_id", "name", "source", "kind", "incarnation");

CREATE TABLE "registry_version" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "model_id" UUID NOT NULL,
    "version" TEXT NOT NULL,
    "number" BIGINT,
    "run_id" TEXT,
    "source_uri" TEXT,
    "description" TEXT,
    "status" TEXT,
    "artifact_digest" TEXT,
    "basis" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3),
    "reported_at" TIMESTAMPTZ(3),
    "observed_at" TIMESTAMPTZ(3),
    "deleted_earliest" TIMESTAMPTZ(3),
    "deleted_latest" TIMESTAMPTZ(3),
    "first_sequence" BIGINT NOT NULL,
    "created_sequence" BIGINT,

    CONSTRAINT "registry_version_pkey" PRIMARY KEY ("tenant_id", "id")
);
CREATE INDEX "registry_version_tenant_id_model_id_number_idx" ON "registry_version"("tenant_id", "model_id", "number");

-- What one entry said about one slot: an alias of a model, the stage of a version, a tag of either.
CREATE TABLE "registry_statement" (
    "tenant_id" UUID NOT NULL,
    "slot_id" UUID NOT NULL,
    "sequence" BIGINT NOT NULL,
    "kind" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "model_id" UUID NOT NULL,
    "owner_version_id" UUID,
    "order_time" TIMESTAMPTZ(3) NOT NULL,
    "order_sequence" BIGINT NOT NULL,
    "earliest" TIMESTAMPTZ(3) NOT NULL,
    "latest" TIMESTAMPTZ(3) NOT NULL,
    "observed" BOOLEAN NOT NULL,
    "present" BOOLEAN NOT NULL,
    "value" TEXT,
    "held_version_id" UUID,
    "basis" TEXT NOT NULL,
    "actor_id" TEXT NOT NULL,
    "actor_kind" TEXT NOT NULL,
    "actor_basis" TEXT NOT NULL,
    "before_present" BOOLEAN NOT NULL,
    "before_value" TEXT,
    "before_version_id" UUID,

    CONSTRAINT "registry_statement_pkey" PRIMARY KEY ("tenant_id", "slot_id", "sequence")
);
CREATE INDEX "registry_statement_tenant_id_slot_id_order_time_idx" ON "registry_statement"("tenant_id", "slot_id", "order_time");
CREATE INDEX "registry_statement_tenant_id_sequence_idx" ON "registry_statement"("tenant_id", "sequence");

-- What a slot held from..to, as believed between two sequences. versionId is the holder of an alias, the
-- owner of a stage or of a version's tag.
CREATE TABLE "registry_span" (
    "tenant_id" UUID NOT NULL,
    "slot_id" UUID NOT NULL,
    "known_from" BIGINT NOT NULL,
    "opened_sequence" BIGINT NOT NULL,
    "known_to" BIGINT,
    "entry_sequence" BIGINT NOT NULL,
    "kind" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "model_id" UUID NOT NULL,
    "version_id" UUID,
    "present" BOOLEAN NOT NULL,
    "value" TEXT,
    "from_earliest" TIMESTAMPTZ(3) NOT NULL,
    "from_latest" TIMESTAMPTZ(3) NOT NULL,
    "to_earliest" TIMESTAMPTZ(3),
    "to_latest" TIMESTAMPTZ(3),
    "basis" TEXT NOT NULL,
    "actor_id" TEXT NOT NULL,
    "actor_kind" TEXT NOT NULL,
    "actor_basis" TEXT NOT NULL,

    CONSTRAINT "registry_span_pkey" PRIMARY KEY ("tenant_id", "slot_id", "known_from", "opened_sequence")
);
CREATE INDEX "registry_span_tenant_id_slot_id_known_to_to_latest_idx" ON "registry_span"("tenant_id", "slot_id", "known_to", "to_latest");
CREATE INDEX "registry_span_tenant_id_model_id_kind_known_to_to_latest_idx" ON "registry_span"("tenant_id", "model_id", "kind", "known_to", "to_latest");
CREATE INDEX "registry_span_tenant_id_version_id_kind_known_to_to_latest_idx" ON "registry_span"("tenant_id", "version_id", "kind", "known_to", "to_latest");

-- A version that waits to be read back from its registry. The planner makes and ends jobs from entries; the
-- worker keeps its tries here.
CREATE TABLE "registry_read_back" (
    "tenant_id" UUID NOT NULL,
    "read_for" BIGINT NOT NULL,
    "source" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "tries" INTEGER NOT NULL DEFAULT 0,
    "next_try_at" TIMESTAMPTZ(3),
    "last_failure" TEXT,

    CONSTRAINT "registry_read_back_pkey" PRIMARY KEY ("tenant_id", "read_for")
);
CREATE INDEX "registry_read_back_tenant_id_next_try_at_idx" ON "registry_read_back"("tenant_id", "next_try_at");

SELECT protect_tenant_table('registry_model', 'SELECT, INSERT, UPDATE, DELETE');
SELECT protect_tenant_table('registry_version', 'SELECT, INSERT, UPDATE, DELETE');
SELECT protect_tenant_table('registry_statement', 'SELECT, INSERT, UPDATE, DELETE');
SELECT protect_tenant_table('registry_span', 'SELECT, INSERT, UPDATE, DELETE');
SELECT protect_tenant_table('registry_read_back', 'SELECT, INSERT, UPDATE, DELETE');
