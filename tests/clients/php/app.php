<?php
// PDO and the pgsql functions.  usage: php app.php URL; where to connect stands in PGHOST, PGPORT, ...
function plain($v) { return is_resource($v) ? bin2hex(stream_get_contents($v)) : (is_array($v) ? array_map('plain', $v) : $v); }
function say($name, $v = null) { echo $name, ': ', json_encode(plain($v), JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES), "\n"; }
function step($name, $body) {
    try {
        say($name, $body());
    } catch (PDOException $e) {
        $refused = in_array($e->getCode(), ['42501', '0A000']);
        say($name, ['error' => $e->getCode(), 'message' => $refused || $e->getCode() == '23505' ? $e->getMessage() : null]);
    }
}

$dsn = sprintf('pgsql:host=%s;port=%s;dbname=%s;application_name=\'php app\'', getenv('PGHOST'), getenv('PGPORT'), getenv('PGDATABASE'));
function connect($more = []) { global $dsn; return new PDO($dsn, getenv('PGUSER'), getenv('PGPASSWORD'), $more + [PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC]); }
function query($db, $sql, $values = []) { $s = $db->prepare($sql); $s->execute($values); return $s->fetchAll(); }

foreach ([[], [PDO::ATTR_EMULATE_PREPARES => true], [PDO::PGSQL_ATTR_DISABLE_PREPARES => true], [PDO::ATTR_STRINGIFY_FETCHES => true]] as $k => $options) {
    $db = connect($options);
    $app = "php$k";
    step('server', fn() => [substr($db->getAttribute(PDO::ATTR_SERVER_VERSION), 0, 2), $db->getAttribute(PDO::ATTR_CLIENT_VERSION) != '']);
    step('users', fn() => $db->query('SELECT id, level FROM "User" ORDER BY id')->fetchAll());
    step('parameters', fn() => query($db, 'SELECT * FROM "User" WHERE email = :mail AND level > :level', ['mail' => 'ann@test', 'level' => 0]));
    step('question marks', fn() => query($db, 'SELECT n, v FROM item WHERE app = ? AND n BETWEEN ? AND ? ORDER BY n LIMIT 3', ['seed', 5, 9]));
    step('join', fn() => query($db, 'SELECT w.id, u.email FROM "Workflow" w LEFT JOIN "User" u ON u.id = w."userId" ORDER BY w.id'));
    step('repeated', function () use ($db) {
        $s = $db->prepare('SELECT v FROM item WHERE app = ? AND n = ?');
        $got = [];
        for ($i = 1; $i < 8; $i++) { $s->execute(['seed', $i]); $got[] = $s->fetchColumn(); }
        return $got;
    });
    step('bound', function () use ($db) {
        $s = $db->prepare('SELECT :i::int + 1 AS i, :b::bool AS b, :n::text AS n, :t::text AS t');
        $s->bindValue('i', 41, PDO::PARAM_INT); $s->bindValue('b', false, PDO::PARAM_BOOL); $s->bindValue('n', null, PDO::PARAM_NULL); $s->bindValue('t', "it's \\ ü");
        $s->execute();
        return $s->fetch();
    });
    step('column meta', function () use ($db) {
        $s = $db->query('SELECT id, level FROM "User"');
        $m = $s->getColumnMeta(1);
        return [$m['native_type'], $m['name'], $m['table'] ?? null];
    });
    step('fetch modes', fn() => [$db->query("SELECT n, v FROM item WHERE app = 'seed' AND n < 3 ORDER BY n")->fetchAll(PDO::FETCH_KEY_PAIR), $db->query('SELECT status, id FROM "Workflow" ORDER BY id')->fetchAll(PDO::FETCH_GROUP | PDO::FETCH_COLUMN)]);
    step('insert', function () use ($db, $app) { query($db, 'INSERT INTO "User"(id, email, password) VALUES (?, ?, ?)', [$app, "$app@test", '?']); return query($db, 'SELECT password, level FROM "User" WHERE id = ?', [$app]); });
    step('last id', function () use ($db, $app) { $s = $db->prepare('INSERT INTO item (app, n) VALUES (?, 1)'); $s->execute([$app]); return [$s->rowCount(), query($db, 'SELECT max(id) AS id FROM item')[0]['id'] > 0]; });
    step('returning', fn() => query($db, 'INSERT INTO item (app, n, v) VALUES (?, 2, ?) RETURNING n, v, "tenantId"', [$app, 'x']));
    step('upsert', fn() => query($db, 'INSERT INTO item (app, n, v) VALUES (?, 2, ?) ON CONFLICT ("tenantId", app, n) DO UPDATE SET v = excluded.v RETURNING v', [$app, 'up']));
    step('exec', fn() => [$db->exec("UPDATE item SET v = 'e' WHERE app = '$app'"), $db->exec("DELETE FROM item WHERE app = '$app' AND n = 2")]);
    step('several', fn() => $db->exec("UPDATE item SET v = 'f' WHERE app = '$app'; UPDATE item SET v = v || '!' WHERE app = '$app'"));
    step('scroll cursor', function () use ($db) {
        $s = $db->prepare("SELECT n FROM item WHERE app = 'seed' ORDER BY n", [PDO::ATTR_CURSOR => PDO::CURSOR_SCROLL]);
        $s->execute();
        $get = fn($how, $n = 0) => $s->fetch(PDO::FETCH_NUM, $how, $n);
        return [$get(PDO::FETCH_ORI_NEXT), $get(PDO::FETCH_ORI_LAST), $get(PDO::FETCH_ORI_PRIOR), $get(PDO::FETCH_ORI_ABS, 3), query($db, 'SELECT 1 AS one'), $get(PDO::FETCH_ORI_FIRST)];
    });
    step('transaction', function () use ($db, $app) {
        $db->beginTransaction();
        query($db, 'INSERT INTO item (app, n) VALUES (?, 10)', [$app]);
        $db->exec('SAVEPOINT s');
        step('fails', fn() => query($db, 'INSERT INTO item (app, n) VALUES (?, 10)', [$app]));
        step('in failed', fn() => query($db, 'SELECT 1'));
        $db->exec('ROLLBACK TO SAVEPOINT s');
        $in = $db->inTransaction();
        $db->commit();
        return [$in, query($db, 'SELECT n FROM item WHERE app = ? ORDER BY n', [$app])];
    });
    step('rolled back', function () use ($db) { $db->beginTransaction(); $db->exec('DELETE FROM item'); $db->rollBack(); return query($db, "SELECT count(*) FROM item WHERE app = 'seed'"); });
    step('unique', fn() => query($db, "INSERT INTO item (app, n) VALUES ('seed', 1)"));
    step('foreign key', fn() => query($db, "INSERT INTO \"Workflow\"(id, name, \"userId\") VALUES ('f', 'f', ?)", ['nobody']));
    step('bad text', fn() => query($db, 'SELECT ?::int', ['x']));
    step('syntax', fn() => query($db, 'SELEC 1'));
    step('types', fn() => query($db, "SELECT * FROM types WHERE app = 'seed'"));
    step('insert types', function () use ($db, $app) {
        $s = $db->prepare('INSERT INTO types (app, c_bool, c_int8, c_numeric, c_bytea, c_timestamptz, c_jsonb, c_ints, c_mood) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
        $s->bindValue(1, $app); $s->bindValue(2, true, PDO::PARAM_BOOL); $s->bindValue(3, 1 << 40, PDO::PARAM_INT); $s->bindValue(4, '1.5'); $s->bindValue(5, "\0'\\", PDO::PARAM_LOB);
        $s->bindValue(6, '2020-01-01 00:00+00'); $s->bindValue(7, '{"a": "\'"}'); $s->bindValue(8, '{1,NULL}'); $s->bindValue(9, 'sad');
        $s->execute();
        return query($db, 'SELECT c_bool, c_int8, c_numeric, c_bytea, c_timestamptz, c_jsonb, c_ints, c_mood FROM types WHERE app = ?', [$app]);
    });
    step('copy in', fn() => $db->pgsqlCopyFromArray('item', ["$app\t100\tone", "$app\t101\t\\N"], "\t", '\\\\N', 'app, n, v'));
    step('copied', fn() => query($db, 'SELECT n, v FROM item WHERE app = ? AND n >= 100 ORDER BY n', [$app]));
    step('copy out', fn() => count($db->pgsqlCopyToArray('item', ',', '\\\\N', 'app, n')));
    step('quote', fn() => $db->quote("it's \\ ü"));
    unset($db, $s);
}

// the functions beneath
$c = pg_connect(sprintf("host=%s port=%s dbname=%s user=%s password=%s options='-c statement_timeout=5555'", getenv('PGHOST'), getenv('PGPORT'), getenv('PGDATABASE'), getenv('PGUSER'), getenv('PGPASSWORD')));
say('options', pg_fetch_all(pg_query($c, 'SHOW statement_timeout')));
say('status', [pg_parameter_status($c, 'client_encoding'), pg_connection_status($c) === PGSQL_CONNECTION_OK, pg_ping($c)]);
say('params', pg_fetch_all(pg_query_params($c, 'SELECT n, v FROM item WHERE app = $1 AND n < $2 ORDER BY n', ['seed', 3])));
pg_prepare($c, 'kp', 'SELECT id FROM "User" WHERE level > $1 ORDER BY id');
say('prepared', [pg_fetch_all(pg_execute($c, 'kp', [2])), pg_fetch_all(pg_execute($c, 'kp', [4]))]);
pg_query($c, 'DEALLOCATE kp');
say('gone', @pg_execute($c, 'kp', [2]));
$r = pg_query($c, 'SELECT id, level, config FROM "User" u JOIN "Workflow" w USING (id)');
say('fields', [pg_num_fields($r), pg_field_type($r, 1), pg_field_name($r, 2), pg_num_rows($r)]);
say('affected', pg_affected_rows(pg_query_params($c, 'UPDATE item SET v = $1 WHERE app = $2 AND n = 3', ['p', 'seed'])));
pg_send_query($c, "SELECT 1 AS a; SELECT count(*) FROM item WHERE app = 'seed'");
while ($r = pg_get_result($c)) say('result', pg_fetch_all($r));
pg_send_query($c, "INSERT INTO item (app, n) VALUES ('seed', 1)");
$r = pg_get_result($c);
say('error', [pg_result_error_field($r, PGSQL_DIAG_SQLSTATE), pg_result_error_field($r, PGSQL_DIAG_CONSTRAINT_NAME), pg_result_error_field($r, PGSQL_DIAG_MESSAGE_DETAIL)]);
say('copy', [pg_copy_from($c, 'item (app, n, v)', ["pcopy\t1\tx\n", "pcopy\t2\ty\n"]), count(pg_copy_to($c, 'item (app, n)'))]);
say('meta', array_keys(pg_meta_data($c, 'item') ?: []));
say('insert', (bool) pg_insert($c, 'item', ['app' => 'pgi', 'n' => 1, 'v' => "it's"]));
say('select', pg_select($c, 'item', ['app' => 'pgi']) ? 1 : 0);
say('update', pg_update($c, 'item', ['v' => 'z'], ['app' => 'pgi']));
say('delete', pg_delete($c, 'item', ['app' => 'pgi']));
pg_close($c);
echo "done\n";
