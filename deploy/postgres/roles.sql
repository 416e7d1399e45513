-- The owner changes tables, core writes the ledger, the desk writes people and sessions, a backup reads.
--
-- Run by a superuser (or whoever may create roles and is a member of these) in the hub's database:
-- before its first start, after a restore, and as often as one likes. Tables of later versions need
-- nothing: default privileges give them to whom they belong.
--
-- Nobody can sign in before a password was set, where the server asks for one:
--     psql -c '\password hub_core'
--
--     hub ledger migrate, hub restore    HUB_DATABASE_URL=postgresql+psycopg://hub_owner@…
--     hub core                           HUB_DATABASE_URL=postgresql+psycopg://hub_core@…
--     hub desk, hub people               HUB_DATABASE_URL=postgresql+psycopg://hub_desk@…
--     hub backup, status, reconcile      HUB_DATABASE_URL=postgresql+psycopg://hub_backup@…

BEGIN;

DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['hub_owner', 'hub_core', 'hub_desk', 'hub_backup'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I LOGIN', role);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
END $$;

-- The desk's own tables stand in a schema of its own, so that it makes and upgrades them by itself
-- and needs no right to make anything beside the ledger.
CREATE SCHEMA IF NOT EXISTS people;
ALTER SCHEMA people OWNER TO hub_desk;
ALTER SCHEMA public OWNER TO hub_owner;

DO $$
DECLARE
    name text;
BEGIN
    -- Where everything was written by one role, people stand beside the ledger.
    FOREACH name IN ARRAY ARRAY[
        'person', 'person_role', 'desk_session', 'sign_in_failure', 'reading', 'api_token',
        'people_version'
    ] LOOP
        IF to_regclass(format('public.%I', name)) IS NULL THEN
            CONTINUE;
        END IF;
        IF to_regclass(format('people.%I', name)) IS NULL THEN
            EXECUTE format('ALTER TABLE public.%I SET SCHEMA people', name);
            CONTINUE;
        END IF;
        -- The desk has its own: these were written by another role, and nobody in them can sign in.
        CREATE SCHEMA IF NOT EXISTS people_astray;
        EXECUTE format('ALTER TABLE public.%I SET SCHEMA people_astray', name);
        RAISE WARNING 'public.% was not written by the desk and is in schema people_astray now', name
            USING HINT = 'Who stands there cannot sign in: add them as hub_desk, then drop the schema.';
    END LOOP;
    IF to_regnamespace('people_astray') IS NOT NULL THEN
        ALTER SCHEMA people_astray OWNER TO hub_desk;
        GRANT USAGE ON SCHEMA people_astray TO hub_backup;
        FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'people_astray' LOOP
            EXECUTE format('ALTER TABLE people_astray.%I OWNER TO hub_desk', name);
        END LOOP;
        GRANT SELECT ON ALL TABLES IN SCHEMA people_astray TO hub_backup;
    END IF;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('ALTER TABLE public.%I OWNER TO hub_owner', name);
    END LOOP;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'people' LOOP
        EXECUTE format('ALTER TABLE people.%I OWNER TO hub_desk', name);
    END LOOP;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format(
        'GRANT CONNECT ON DATABASE %I TO hub_owner, hub_core, hub_desk, hub_backup',
        current_database()
    );
    -- Unqualified names are the desk's own first: a table named as one of the ledger's deceives it alone.
    EXECUTE format(
        'ALTER ROLE hub_desk IN DATABASE %I SET search_path = people, public', current_database()
    );
    -- The hub asks for this itself; where a pooler stands between, only this holds.
    EXECUTE format(
        'ALTER ROLE hub_core IN DATABASE %I SET idle_in_transaction_session_timeout = ''4s''',
        current_database()
    );
END $$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, hub_core, hub_desk, hub_backup;
GRANT USAGE ON SCHEMA public TO hub_core, hub_desk, hub_backup;
GRANT USAGE ON SCHEMA people TO hub_backup;

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO hub_core;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO hub_desk, hub_backup;
GRANT SELECT ON ALL TABLES IN SCHEMA people TO hub_backup;

ALTER DEFAULT PRIVILEGES FOR ROLE hub_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO hub_core;
ALTER DEFAULT PRIVILEGES FOR ROLE hub_owner IN SCHEMA public
    GRANT SELECT ON TABLES TO hub_desk, hub_backup;
ALTER DEFAULT PRIVILEGES FOR ROLE hub_desk IN SCHEMA people
    GRANT SELECT ON TABLES TO hub_backup;

COMMIT;
