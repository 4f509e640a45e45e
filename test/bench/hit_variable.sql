\set id random(1, 50)
SELECT fraiseql.execute('query ($id: Int!) { user(id: $id) { name bio posts { title } } }', ('{"id": ' || :id::text || '}')::jsonb);
