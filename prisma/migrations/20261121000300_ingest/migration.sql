-- Where events come from, what could not be understood, and how far each Kafka partition has been read.

CREATE TABLE "source" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL CHECK (kind IN ('MLFLOW', 'DATABRICKS', 'CLOUDERA_ATLAS', 'CLOUDEVENTS', 'OPENLINEAGE')),
    "name" TEXT NOT NULL CHECK (name ~ '^[A-Za-z0-9]([A-Za-z0-9 ._-]{0,61}[A-Za-z0-9])?$'),
    "base_url" TEXT,
    "topic" TEXT,
    "format" TEXT CHECK (format IN ('MLFLOW', 'CLOUDEVENTS')),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "last_delivery_at" TIMESTAMPTZ(3),

    CONSTRAINT "source_pkey" PRIMARY KEY ("tenant_id", "id")
) WITH (fillfactor = 70);
-- Entries name their source `<kind>/<name>`, so that pair is what must be unique: a lineage source that is made on
-- first use must never be refused because a registry took its name.
CREATE UNIQUE INDEX "source_tenant_id_kind_name_key" ON "source"("tenant_id", "kind", "name");
-- One topic, one source: two would each record every message.
CREATE UNIQUE INDEX "source_tenant_id_topic_key" ON "source"("tenant_id", "topic");

-- Several live secrets while one replaces another. The bytes are the HMAC key.
CREATE TABLE "source_secret" (
    "tenant_id" UUID NOT NULL,
    "source_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "secret" BYTEA NOT NULL CHECK (octet_length(secret) BETWEEN 8 AND 1024),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "retired_at" TIMESTAMPTZ(3),

    CONSTRAINT "source_secret_pkey" PRIMARY KEY ("tenant_id", "source_id", "id"),
    CONSTRAINT "source_secret_tenant_id_source_id_fkey" FOREIGN KEY ("tenant_id", "source_id")
        REFERENCES "source"("tenant_id", "id") ON DELETE RESTRICT ON UPDATE RESTRICT
);

-- Which tenant a source belongs to. A delivery names only its source, so this one table is read before the tenant is
-- known: two ids, nothing else, and no row-level security.
CREATE TABLE "source_route" (
    "source_id" UUID NOT NULL,
    "tenant_id" UUID NOT NULL,

    CONSTRAINT "source_route_pkey" PRIMARY KEY ("source_id")
);
ALTER TABLE "source_route" OWNER TO countersign_owner;
REVOKE ALL ON "source_route" FROM PUBLIC;
GRANT SELECT, INSERT ON "source_route" TO countersign_runtime;

-- Authentic deliveries that were not understood. The bytes are the evidence of the ledger entry `sequence`.
CREATE TABLE "quarantine" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "source_id" UUID NOT NULL,
    "sequence" BIGINT NOT NULL CHECK (sequence >= 0),
    "delivery" TEXT NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "reason" TEXT NOT NULL,
    "detail" TEXT NOT NULL,
    "replayed_at" TIMESTAMPTZ(3),
    "replay_sequence" BIGINT CHECK (replay_sequence >= 0),

    CONSTRAINT "quarantine_pkey" PRIMARY KEY ("tenant_id", "id"),
    CHECK ((replayed_at IS NULL) = (replay_sequence IS NULL))
);
CREATE UNIQUE INDEX "quarantine_tenant_id_sequence_key" ON "quarantine"("tenant_id", "sequence");

-- The next offset to record, moved in the transaction that records. A broker's own group offsets are informative only.
CREATE TABLE "kafka_offset" (
    "tenant_id" UUID NOT NULL,
    "source_id" UUID NOT NULL,
    "topic" TEXT NOT NULL,
    "partition" INTEGER NOT NULL CHECK (partition >= 0),
    "next_offset" BIGINT NOT NULL CHECK (next_offset >= 0),

    CONSTRAINT "kafka_offset_pkey" PRIMARY KEY ("tenant_id", "source_id", "topic", "partition")
) WITH (fillfactor = 50);

SELECT protect_tenant_table('source', 'SELECT, INSERT, UPDATE');
SELECT protect_tenant_table('source_secret', 'SELECT, INSERT, UPDATE');
SELECT protect_tenant_table('quarantine', 'SELECT, INSERT, UPDATE');
SELECT protect_tenant_table('kafka_offset', 'SELECT, INSERT, UPDATE');
