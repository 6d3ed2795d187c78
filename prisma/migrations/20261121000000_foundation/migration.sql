-- Roles. They belong to the cluster, so another database of it may have made them already.
--   countersign_owner    owns every table and function; nobody logs in as it
--   countersign_runtime  what every connection of the service drops to
DO $$
BEGIN
  BEGIN
    CREATE ROLE countersign_owner NOLOGIN;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
  END;
  BEGIN
    CREATE ROLE countersign_runtime NOLOGIN;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
  END;
  -- Whoever migrates hands its objects over to the owner, so it must be a member. A superuser is one already.
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
     AND NOT pg_has_role(current_user, 'countersign_owner', 'MEMBER') THEN
    EXECUTE format('GRANT countersign_owner TO %I', current_user);
  END IF;
END
$$;

GRANT USAGE, CREATE ON SCHEMA public TO countersign_owner;
GRANT USAGE ON SCHEMA public TO countersign_runtime;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

-- The tenant of this transaction. Raises when unset: after the first SET LOCAL of a session the setting is ''
-- and not missing, and a policy that compared with it would silently show zero rows.
CREATE FUNCTION app_tenant() RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog
AS $$
DECLARE
  setting text := current_setting('app.tenant', true);
BEGIN
  IF setting IS NULL OR setting = '' THEN
    RAISE EXCEPTION 'app.tenant is not set in this transaction' USING ERRCODE = 'CS001';
  END IF;
  RETURN setting::uuid;
END
$$;
ALTER FUNCTION app_tenant() OWNER TO countersign_owner;

-- Every tenant's table goes through this: owner, row-level security for everyone (the owner too), grants.
-- `rights` is what the runtime role may do, e.g. 'SELECT, INSERT'.
CREATE FUNCTION protect_tenant_table(target regclass, rights text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s OWNER TO countersign_owner', target);
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format(
    'CREATE POLICY tenant_isolation ON %s USING (tenant_id = (SELECT app_tenant())) WITH CHECK (tenant_id = (SELECT app_tenant()))',
    target);
  EXECUTE format('REVOKE ALL ON %s FROM PUBLIC', target);
  EXECUTE format('GRANT %s ON %s TO countersign_runtime', rights, target);
END
$$;
ALTER FUNCTION protect_tenant_table(regclass, text) OWNER TO countersign_owner;
REVOKE ALL ON FUNCTION protect_tenant_table(regclass, text) FROM PUBLIC;

CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'CS002';
END
$$;
ALTER FUNCTION refuse_change() OWNER TO countersign_owner;

-- Append-only: triggers that fire under session_replication_role = replica too (ENABLE ALWAYS), for a
-- superuser too, and on TRUNCATE, which row triggers do not see.
CREATE FUNCTION protect_append_only(target regclass) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  EXECUTE format(
    'CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION refuse_change()',
    target);
  EXECUTE format(
    'CREATE TRIGGER append_only_table BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
    target);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only_rows', target);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only_table', target);
END
$$;
ALTER FUNCTION protect_append_only(regclass) OWNER TO countersign_owner;
REVOKE ALL ON FUNCTION protect_append_only(regclass) FROM PUBLIC;

-- The tenants of the installation: ids and names only, so that a process can find its way to a tenant.
CREATE TABLE "tenant" (
    "id" UUID NOT NULL,
    "slug" TEXT NOT NULL CHECK (slug ~ '^[a-z][a-z0-9-]{0,62}$'),
    "display_name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "tenant_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "tenant_slug_key" ON "tenant"("slug");
ALTER TABLE "tenant" OWNER TO countersign_owner;
REVOKE ALL ON "tenant" FROM PUBLIC;
GRANT SELECT, INSERT ON "tenant" TO countersign_runtime;
