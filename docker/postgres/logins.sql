-- Runs once, when the volume is empty. Two logins: the migrator owns what it makes, the service owns nothing and can
-- only become the runtime role. Change the passwords together with those of docker-compose.yml.
CREATE ROLE countersign_owner NOLOGIN;
CREATE ROLE countersign_runtime NOLOGIN;
CREATE ROLE countersign_migrator LOGIN CREATEROLE PASSWORD 'migrator-change-me';
GRANT countersign_owner TO countersign_migrator;
GRANT countersign_runtime TO countersign_migrator WITH ADMIN OPTION;
CREATE ROLE countersign_app LOGIN NOINHERIT PASSWORD 'app-change-me';
GRANT countersign_runtime TO countersign_app;
CREATE DATABASE countersign OWNER countersign_migrator;
