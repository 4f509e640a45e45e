-- test/demo/expose.sql
--    What GraphQL sees: the tables with their relations, and the read models as whole pages.

CREATE EXTENSION fraiseql;

SELECT '  ' || fraiseql.expose('app.tb_maintainer');
SELECT '  ' || fraiseql.expose('app.tb_package', options => '{"mutations": ["update"]}');

-- Two foreign keys lead from a dependency to a package, so their other ends get names of their own.
SELECT '  ' || fraiseql.expose('app.tb_dependency', options => '{
	"relations": {
		"tb_dependency_fk_package_fkey": {"toMany": "dependencies"},
		"tb_dependency_fk_target_fkey": {"toMany": "dependents"}
	}}');

-- Read models.  v_package and tb_package would both be Package; here both are on show, so these get other names.
SELECT '  ' || fraiseql.expose('app.v_maintainer', 'MaintainerPage', '{
	"singular": "maintainerPage", "plural": "maintainerPages"}');
SELECT '  ' || fraiseql.expose('app.v_package', 'PackagePage', '{
	"singular": "packagePage", "plural": "packagePages"}');
