-- Models under a promotion policy. What happened before `since_sequence` is history, not drift.
CREATE TABLE "model_governance" (
    "tenant_id" UUID NOT NULL,
    "source" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "policy" TEXT NOT NULL,
    "policy_version" TEXT NOT NULL,
    "since_sequence" BIGINT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "started_by" TEXT NOT NULL,

    CONSTRAINT "model_governance_pkey" PRIMARY KEY ("tenant_id", "source", "model")
);

CREATE TABLE "promotion_request" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "source" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "model_version_id" TEXT NOT NULL,
    "target" TEXT NOT NULL CHECK (target ~ '^(alias|stage):.'),
    "state" TEXT NOT NULL CHECK (state IN (
        'PENDING', 'APPROVED', 'EXECUTING', 'EXECUTED', 'VERIFIED', 'REJECTED', 'WITHDRAWN', 'EXPIRED', 'STALE',
        'FAILED', 'OVERRIDE_OPEN', 'EXECUTED_UNREVIEWED', 'ROLLED_BACK')),
    "row_version" INTEGER NOT NULL CHECK (row_version >= 0),
    -- What access decisions about it are made on, e.g. model/card-fraud/version/2.
    "object" TEXT NOT NULL,
    "requested_by" TEXT NOT NULL,
    "registrant" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "pin" JSONB NOT NULL,
    "pin_digest" TEXT NOT NULL CHECK (pin_digest ~ '^sha256:[0-9a-f]{64}$'),
    "policy" TEXT NOT NULL,
    "policy_version" TEXT NOT NULL,
    "idempotency_key" TEXT,
    "idempotency_digest" TEXT,
    -- The entry that says it is being executed: what was observed before that entry is not its effect.
    "executing_sequence" BIGINT,
    "executed_by" TEXT,
    -- Who calls the registry now holds the call until then; after it, another process may resume. Null: no call is due.
    "call_due_after" TIMESTAMPTZ(3),

    CONSTRAINT "promotion_request_pkey" PRIMARY KEY ("tenant_id", "id"),
    CONSTRAINT "promotion_request_key_has_digest" CHECK ((idempotency_key IS NULL) = (idempotency_digest IS NULL))
);
CREATE UNIQUE INDEX "promotion_request_one_open" ON "promotion_request"("tenant_id", "source", "model", "version", "target")
    WHERE state IN ('PENDING', 'APPROVED', 'EXECUTING', 'FAILED');
CREATE UNIQUE INDEX "promotion_request_idempotency" ON "promotion_request"("tenant_id", "requested_by", "idempotency_key");
CREATE INDEX "promotion_request_newest" ON "promotion_request"("tenant_id", "created_at" DESC, "id" DESC);
CREATE INDEX "promotion_request_target" ON "promotion_request"("tenant_id", "source", "model", "target");
CREATE INDEX "promotion_request_due" ON "promotion_request"("tenant_id", "expires_at");
CREATE INDEX "promotion_request_calls" ON "promotion_request"("tenant_id", "call_due_after");

CREATE TABLE "promotion_vote" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "request_id" UUID NOT NULL,
    "actor_id" TEXT NOT NULL CHECK (actor_id ~ '^user:'),
    "decision" TEXT NOT NULL CHECK (decision IN ('APPROVE', 'REJECT')),
    "role" TEXT NOT NULL,
    -- Of the request, once the vote was cast: leads to the entry that holds its comment.
    "row_version" INTEGER NOT NULL CHECK (row_version > 0),
    "pin_digest" TEXT NOT NULL,
    "cast_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "promotion_vote_pkey" PRIMARY KEY ("tenant_id", "id"),
    CONSTRAINT "promotion_vote_request_fkey" FOREIGN KEY ("tenant_id", "request_id")
        REFERENCES "promotion_request"("tenant_id", "id") ON DELETE RESTRICT ON UPDATE RESTRICT
);
-- One live vote per person and request, whatever the role.
CREATE UNIQUE INDEX "promotion_vote_one_live" ON "promotion_vote"("tenant_id", "request_id", "actor_id")
    WHERE revoked_at IS NULL;
CREATE INDEX "promotion_vote_request" ON "promotion_vote"("tenant_id", "request_id", "cast_at");

CREATE TABLE "permit" (
    "tenant_id" UUID NOT NULL,
    "jti" UUID NOT NULL,
    "request_id" UUID NOT NULL,
    "key_id" TEXT NOT NULL,
    -- The entry that led to it: what was observed before that entry is not covered.
    "since_sequence" BIGINT NOT NULL,
    "issued_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "consumed_at" TIMESTAMPTZ(3),
    "consumed_by" TEXT,
    "voided_at" TIMESTAMPTZ(3),
    "token_sha256" TEXT NOT NULL CHECK (token_sha256 ~ '^[0-9a-f]{64}$'),
    -- Nulled when the permit is used or voided: nothing is left to steal.
    "token" TEXT,

    CONSTRAINT "permit_pkey" PRIMARY KEY ("tenant_id", "jti"),
    CONSTRAINT "permit_request_fkey" FOREIGN KEY ("tenant_id", "request_id")
        REFERENCES "promotion_request"("tenant_id", "id") ON DELETE RESTRICT ON UPDATE RESTRICT,
    CONSTRAINT "permit_lifetime" CHECK (expires_at > issued_at AND expires_at <= issued_at + interval '10 minutes')
);
CREATE INDEX "permit_request" ON "permit"("tenant_id", "request_id", "since_sequence");

-- The row that commands on one target of one model lock, after the request's row.
CREATE TABLE "promotion_slot" (
    "tenant_id" UUID NOT NULL,
    "source" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "target" TEXT NOT NULL,

    CONSTRAINT "promotion_slot_pkey" PRIMARY KEY ("tenant_id", "source", "model", "target")
);

-- Desired and observed holder of each target. A projection: dropped and rebuilt with the observer.
CREATE TABLE "promotion_target" (
    "tenant_id" UUID NOT NULL,
    "source" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "target" TEXT NOT NULL,
    "approved_versions" TEXT[] NOT NULL,
    "approved_request" UUID,
    "observed_versions" TEXT[] NOT NULL,
    "observed_sequence" BIGINT NOT NULL,
    "observed_at" TIMESTAMPTZ(3) NOT NULL,
    "drift_id" UUID,

    CONSTRAINT "promotion_target_pkey" PRIMARY KEY ("tenant_id", "source", "model", "target")
);

-- Each drift found, open while resolved_by_sequence is null. A projection as well.
CREATE TABLE "drift" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "source" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "target" TEXT NOT NULL,
    "kind" TEXT NOT NULL CHECK (kind IN ('unapproved', 'missing')),
    "approved_versions" TEXT[] NOT NULL,
    "observed_versions" TEXT[] NOT NULL,
    "severity" TEXT NOT NULL,
    "earliest" TIMESTAMPTZ(3),
    "latest" TIMESTAMPTZ(3) NOT NULL,
    "actor" TEXT NOT NULL,
    "cause_sequence" BIGINT NOT NULL,
    "resolved_by_sequence" BIGINT,

    CONSTRAINT "drift_pkey" PRIMARY KEY ("tenant_id", "id")
);
CREATE INDEX "drift_newest" ON "drift"("tenant_id", "cause_sequence" DESC, "id" DESC);

-- Which request covered an observed change, decided once under the request's lock. Not a projection: a rebuild
-- reads it instead of deciding again when the request has long moved on.
CREATE TABLE "promotion_cover" (
    "tenant_id" UUID NOT NULL,
    "sequence" BIGINT NOT NULL,
    "request_id" UUID NOT NULL,

    CONSTRAINT "promotion_cover_pkey" PRIMARY KEY ("tenant_id", "sequence")
);

-- How far the observer has acted on the ledger. Not a projection: a rebuild makes rows anew, but acts only once.
CREATE TABLE "promotion_observer_mark" (
    "tenant_id" UUID NOT NULL,
    "sequence" BIGINT NOT NULL,

    CONSTRAINT "promotion_observer_mark_pkey" PRIMARY KEY ("tenant_id")
);

SELECT protect_tenant_table('model_governance', 'SELECT, INSERT, UPDATE');
SELECT protect_tenant_table('promotion_request', 'SELECT, INSERT, UPDATE');
SELECT protect_tenant_table('promotion_vote', 'SELECT, INSERT, UPDATE');
SELECT protect_tenant_table('permit', 'SELECT, INSERT, UPDATE');
SELECT protect_tenant_table('promotion_slot', 'SELECT, INSERT, UPDATE');
SELECT protect_tenant_table('promotion_target', 'SELECT, INSERT, UPDATE, DELETE');
SELECT protect_tenant_table('drift', 'SELECT, INSERT, UPDATE, DELETE');
SELECT protect_tenant_table('promotion_cover', 'SELECT, INSERT');
SELECT protect_tenant_table('promotion_observer_mark', 'SELECT, INSERT, UPDATE');
SELECT protect_append_only('promotion_cover');

-- A vote is what somebody said at a moment. It may be revoked once; nothing else changes.
CREATE FUNCTION keep_promotion_vote() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public
AS $$
BEGIN
  IF (OLD.tenant_id, OLD.id, OLD.request_id, OLD.actor_id, OLD.decision, OLD.role, OLD.row_version, OLD.pin_digest, OLD.cast_at)
     IS DISTINCT FROM
     (NEW.tenant_id, NEW.id, NEW.request_id, NEW.actor_id, NEW.decision, NEW.role, NEW.row_version, NEW.pin_digest, NEW.cast_at)
     OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at) THEN
    RAISE EXCEPTION 'a vote can be revoked, not changed' USING ERRCODE = 'CS003';
  END IF;
  RETURN NEW;
END
$$;
ALTER FUNCTION keep_promotion_vote() OWNER TO countersign_owner;
GRANT EXECUTE ON FUNCTION keep_promotion_vote() TO countersign_runtime;
CREATE TRIGGER keep_promotion_vote BEFORE UPDATE ON "promotion_vote"
    FOR EACH ROW EXECUTE FUNCTION keep_promotion_vote();
ALTER TABLE "promotion_vote" ENABLE ALWAYS TRIGGER keep_promotion_vote;

-- What was asked for stays; a decided request stays decided.
CREATE FUNCTION keep_promotion_request() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public
AS $$
BEGIN
  IF (OLD.tenant_id, OLD.id, OLD.source, OLD.model, OLD.version, OLD.model_version_id, OLD.target, OLD.requested_by,
      OLD.created_at, OLD.expires_at, OLD.pin, OLD.pin_digest, OLD.policy_version)
     IS DISTINCT FROM
     (NEW.tenant_id, NEW.id, NEW.source, NEW.model, NEW.version, NEW.model_version_id, NEW.target, NEW.requested_by,
      NEW.created_at, NEW.expires_at, NEW.pin, NEW.pin_digest, NEW.policy_version) THEN
    RAISE EXCEPTION 'what a promotion request asks for cannot be changed' USING ERRCODE = 'CS003';
  END IF;
  IF NEW.state IS DISTINCT FROM OLD.state AND (
      OLD.state IN ('REJECTED', 'WITHDRAWN', 'EXPIRED', 'STALE', 'ROLLED_BACK')
      OR (OLD.state = 'EXECUTED' AND NEW.state NOT IN ('VERIFIED', 'ROLLED_BACK'))
      OR (OLD.state = 'VERIFIED' AND NEW.state <> 'ROLLED_BACK')) THEN
    RAISE EXCEPTION 'a promotion request that is % cannot become %', OLD.state, NEW.state USING ERRCODE = 'CS003';
  END IF;
  RETURN NEW;
END
$$;
ALTER FUNCTION keep_promotion_request() OWNER TO countersign_owner;
GRANT EXECUTE ON FUNCTION keep_promotion_request() TO countersign_runtime;
CREATE TRIGGER keep_promotion_request BEFORE UPDATE ON "promotion_request"
    FOR EACH ROW EXECUTE FUNCTION keep_promotion_request();
ALTER TABLE "promotion_request" ENABLE ALWAYS TRIGGER keep_promotion_request;
