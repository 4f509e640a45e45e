-- test/demo/schema.sql
--    Debian's packages as FraiseQL has them: normalized tb_ tables with the three keys of a FraiseQL entity (pk_
--    inside, id for the world, a name for people), and v_ views on top that compose each answer as one document.
--
-- Variables: maintainers, packages, dependencies: the files for COPY.

CREATE SCHEMA app;

CREATE TYPE app.dependency_kind AS ENUM ('PRE_DEPENDS', 'DEPENDS', 'RECOMMENDS', 'SUGGESTS');

CREATE TABLE app.tb_maintainer (
	pk_maintainer bigint NOT NULL,
	id uuid NOT NULL,
	name text NOT NULL,
	email text
);

CREATE TABLE app.tb_package (
	pk_package bigint NOT NULL,
	id uuid NOT NULL,
	name text NOT NULL,
	version text NOT NULL,
	section text NOT NULL,
	priority text NOT NULL,
	installed_size integer,
	summary text,
	homepage text,
	fk_maintainer bigint NOT NULL
);

CREATE TABLE app.tb_dependency (
	pk_dependency bigint NOT NULL,
	id uuid NOT NULL,
	fk_package bigint NOT NULL,
	fk_target bigint NOT NULL,
	kind app.dependency_kind NOT NULL,
	version_constraint text
);

COPY app.tb_maintainer FROM :'maintainers';
COPY app.tb_package FROM :'packages';
COPY app.tb_dependency FROM :'dependencies';

ALTER TABLE app.tb_maintainer ADD PRIMARY KEY (pk_maintainer), ADD UNIQUE (id);
ALTER TABLE app.tb_package ADD PRIMARY KEY (pk_package), ADD UNIQUE (id), ADD UNIQUE (name);
ALTER TABLE app.tb_dependency ADD PRIMARY KEY (pk_dependency), ADD UNIQUE (id),
	ADD UNIQUE (fk_package, kind, fk_target);
ALTER TABLE app.tb_package ADD FOREIGN KEY (fk_maintainer) REFERENCES app.tb_maintainer;
ALTER TABLE app.tb_dependency
	ADD FOREIGN KEY (fk_package) REFERENCES app.tb_package,
	ADD FOREIGN KEY (fk_target) REFERENCES app.tb_package;

CREATE INDEX ON app.tb_maintainer (name);
CREATE INDEX ON app.tb_maintainer (email);
CREATE INDEX ON app.tb_package (fk_maintainer, name);
CREATE INDEX ON app.tb_package (section, installed_size);
CREATE INDEX ON app.tb_dependency (fk_target);

CREATE VIEW app.v_maintainer WITH (security_invoker = true) AS
SELECT m.id, m.pk_maintainer,
	jsonb_build_object('id', m.id, 'name', m.name, 'email', m.email) AS data
FROM app.tb_maintainer m;

-- Everything that a page about a package shows.  The dependencies are small objects rather than documents of their own,
-- which would have dependencies in turn.
CREATE VIEW app.v_package WITH (security_invoker = true) AS
SELECT p.id, p.pk_package,
	jsonb_build_object(
		'id', p.id,
		'name', p.name,
		'version', p.version,
		'section', p.section,
		'priority', p.priority,
		'installed_size', p.installed_size,
		'summary', p.summary,
		'homepage', p.homepage,
		'maintainer', m.data,
		'dependencies', (
			SELECT coalesce(jsonb_agg(jsonb_build_object(
					'id', t.id, 'name', t.name, 'kind', d.kind, 'version_constraint', d.version_constraint)
				ORDER BY d.kind, t.name), '[]')
			FROM app.tb_dependency d
			JOIN app.tb_package t ON t.pk_package = d.fk_target
			WHERE d.fk_package = p.pk_package)) AS data
FROM app.tb_package p
JOIN app.v_maintainer m ON m.pk_maintainer = p.fk_maintainer;

ANALYZE app.tb_maintainer, app.tb_package, app.tb_dependency;
