-- People and machines, one row each and tenant, made when they are first seen. No personal value is here: the subject
-- is found by its keyed hash, and names and addresses are disclosures of the entry `principal.registered`.
CREATE TABLE "principal" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL CHECK (kind IN ('user', 'service')),
    "issuer" TEXT NOT NULL,
    "subject_mac" TEXT NOT NULL CHECK (subject_mac ~ '^[0-9a-f]{64}$'),
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "principal_pkey" PRIMARY KEY ("tenant_id", "id")
);
CREATE UNIQUE INDEX "principal_tenant_id_issuer_subject_mac_key" ON "principal"("tenant_id", "issuer", "subject_mac");
SELECT protect_tenant_table('principal', 'SELECT, INSERT');

-- One row per tenant. Whoever changes a grant or a rule counts the epoch up in the same transaction; whoever
-- decides a change reads it FOR SHARE, so no change of policy can slip in between decision and commit.
CREATE TABLE "tenant_policy" (
    "tenant_id" UUID NOT NULL,
    "epoch" BIGINT NOT NULL,
    "policy_version" TEXT NOT NULL,

    CONSTRAINT "tenant_policy_pkey" PRIMARY KEY ("tenant_id")
);
SELECT protect_tenant_table('tenant_policy', 'SELECT, INSERT, UPDATE');

-- The prefixes keep a user from carrying the name of a role.
CREATE TABLE "role_grant" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "subject" TEXT NOT NULL CHECK (subject ~ '^(user|svc):[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'),
    "role" TEXT NOT NULL CHECK (role ~ '^role:[a-z][a-z0-9-]{0,62}$'),
    "object" TEXT NOT NULL CHECK (object = '*' OR object ~ '^[^*[:cntrl:]]*[^*/[:cntrl:]](/\*)?$'),
    "valid_from" TIMESTAMPTZ(3) NOT NULL,
    "valid_until" TIMESTAMPTZ(3) CHECK (valid_until > valid_from),
    "granted_by" TEXT NOT NULL CHECK (granted_by ~ '^(user|svc|system):'),
    "revoked_at" TIMESTAMPTZ(3),
    "revoked_by" TEXT CHECK (revoked_by ~ '^(user|svc|system):'),

    CONSTRAINT "role_grant_pkey" PRIMARY KEY ("tenant_id", "id"),
    CONSTRAINT "role_grant_revoked_by_someone" CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
CREATE INDEX "role_grant_tenant_id_subject_idx" ON "role_grant"("tenant_id", "subject");
SELECT protect_tenant_table('role_grant', 'SELECT, INSERT');
-- A grant never changes after it was made, it is only revoked. Why it was made is said in the ledger alone.
GRANT UPDATE (revoked_at, revoked_by) ON "role_grant" TO countersign_runtime;

-- Rules of one tenant beside the baseline of the policy files. An enum, since the engine takes any other
-- spelling of "deny" for no rule at all.
CREATE TYPE "policy_effect" AS ENUM ('allow', 'deny');
ALTER TYPE "policy_effect" OWNER TO countersign_owner;
CREATE TABLE "policy_rule" (
    "tenant_id" UUID NOT NULL,
    "id" TEXT NOT NULL CHECK (id ~ '^[a-z0-9][a-z0-9.-]{0,126}$'),
    "subject" TEXT NOT NULL CHECK (subject ~ '^(role:[a-z][a-z0-9-]{0,62}|(user|svc):[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$'),
    "object" TEXT NOT NULL CHECK (object = '*' OR object ~ '^[^*[:cntrl:]]*[^*/[:cntrl:]](/\*)?$'),
    "action" TEXT NOT NULL CHECK (action = '*' OR action ~ '^[a-z]+\.[a-z]+$'),
    "effect" "policy_effect" NOT NULL,

    CONSTRAINT "policy_rule_pkey" PRIMARY KEY ("tenant_id", "id")
);
CREATE UNIQUE INDEX "policy_rule_tenant_id_subject_object_action_effect_key" ON "policy_rule"("tenant_id", "subject", "object", "action", "effect");
SELECT protect_tenant_table('policy_rule', 'SELECT');
