SELECT fraiseql.execute('{ user(id: 1) { name bio posts { title } } }');
