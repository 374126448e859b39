// pgx 4: its own interface, its pool, and database/sql on top of it.  usage: pgx URL
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgtype"
	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
	"github.com/jackc/pgx/v4/stdlib"
)

var ctx = context.Background()

func failed(err error) string {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err.Error()
	}
	detail := ""
	if e.Code == "23505" {
		detail = e.Detail
	}
	return fmt.Sprintf("%s %s, constraint %s of %s, at %d, %s", e.Severity, e.Code, e.ConstraintName, e.TableName, e.Position, detail)
}

func say(name string, values ...interface{}) {
	fmt.Printf("%s: %v\n", name, values)
}

func check(err error) {
	if err != nil {
		fmt.Println("gave up:", failed(err))
		os.Exit(1)
	}
}

type asker interface {
	Query(ctx context.Context, sql string, args ...interface{}) (pgx.Rows, error)
	Exec(ctx context.Context, sql string, args ...interface{}) (pgconn.CommandTag, error)
}

func show(name string, rows pgx.Rows) {
	defer rows.Close()
	all := []string{}
	for rows.Next() {
		row, err := rows.Values()
		if err != nil {
			say(name, err)
			return
		}
		texts := []string{}
		for _, v := range row {
			if at, is := v.(time.Time); is {
				v = at.UTC().Format(time.RFC3339Nano)
			}
			texts = append(texts, fmt.Sprintf("%v", v))
		}
		all = append(all, strings.Join(texts, " "))
	}
	if rows.Err() != nil {
		say(name, failed(rows.Err()))
		return
	}
	say(name, rows.CommandTag(), strings.Join(all, "; "))
}

func query(name string, on asker, text string, args ...interface{}) {
	rows, err := on.Query(ctx, text, args...)
	if err != nil {
		say(name, failed(err))
		return
	}
	show(name, rows)
}

func exec(name string, on asker, text string, args ...interface{}) {
	tag, err := on.Exec(ctx, text, args...)
	if err != nil {
		say(name, failed(err))
		return
	}
	say(name, tag)
}

// The same in each of pgx's ways of sending statements.
func reading(on asker) {
	query("users", on, `SELECT id, email, level FROM "User" ORDER BY id`)
	query("argument", on, `SELECT * FROM "User" WHERE email = $1`, "ann@test")
	for n := 1; n < 8; n++ {
		query("again", on, "SELECT n, v FROM item WHERE app = $1 AND n = $2", "seed", n)
	}
	query("join", on, `SELECT w.name, u.email FROM "Workflow" w LEFT JOIN "User" u ON u.id = w."userId" ORDER BY w.id`)
	query("array", on, "SELECT n FROM item WHERE app = 'seed' AND n = ANY($1::int[]) ORDER BY n", []int32{1, 2, 14})
	query("null", on, "SELECT n FROM item WHERE app = 'seed' AND v IS NOT DISTINCT FROM $1::text ORDER BY n", nil)
	query("number as text", on, "SELECT n FROM item WHERE app = $1 AND n < $2 ORDER BY n", pgtype.Text{String: "seed", Status: pgtype.Present}, "3")
	query("types", on, `SELECT c_bool, c_int2, c_int8, c_float8, c_numeric::text, c_text, c_varchar, c_bytea, c_date, c_timestamp,
		c_timestamptz, c_json, c_jsonb, c_ints::text, c_inet::text, c_mood::text, c_moods::text FROM types WHERE app = 'seed'`)
	query("error", on, "SELECT 1 / (n - $1) FROM item WHERE app = 'seed' ORDER BY n", 1)
	query("syntax", on, "SELEC 1")
	query("no column", on, "SELECT 'ü', nothing FROM item WHERE n = $1", 1)
	exec("unique", on, "INSERT INTO item (app, n) VALUES ($1, $2)", "seed", 1)
	exec("foreign key", on, `INSERT INTO "Workflow" (id, name, "userId") VALUES ($1, 'f', $2)`, "f", "nobody")
	exec("update", on, "UPDATE item SET v = $1 WHERE app = 'seed' AND n = $2", "pgx", 6)
	query("upsert", on, `INSERT INTO item (app, n, v) VALUES ('seed', 1, $1), ('seed', 1001, $1)
		ON CONFLICT ("tenantId", app, n) DO UPDATE SET v = excluded.v || '!' RETURNING n, v`, "new")
	exec("empty", on, "")
}

func batches(c *pgx.Conn) {
	b := &pgx.Batch{}
	b.Queue("SELECT count(*) FROM item WHERE app = $1", "seed")
	for n := 0; n < 50; n++ {
		b.Queue("INSERT INTO item (app, n, v) VALUES ('pgx', $1, $2)", n, fmt.Sprint("b", n))
	}
	b.Queue("SELECT n, v FROM item WHERE app = 'pgx' AND n > $1 ORDER BY n", 47)
	sent := c.SendBatch(ctx, b)
	rows, err := sent.Query()
	check(err)
	show("batch", rows)
	for n := 0; n < 50; n++ {
		_, err := sent.Exec()
		check(err)
	}
	rows, err = sent.Query()
	check(err)
	show("batch", rows)
	say("closed", sent.Close())

	b = &pgx.Batch{} // one implicit transaction, undone by its last statement
	b.Queue("INSERT INTO item (app, n) VALUES ('undone', $1)", 1)
	b.Queue("INSERT INTO item (app, n) VALUES ('seed', $1)", 2)
	b.Queue("SELECT 1")
	sent = c.SendBatch(ctx, b)
	_, err = sent.Exec()
	say("first", err)
	_, err = sent.Exec()
	say("second", failed(err))
	_, err = sent.Exec()
	say("third", err != nil, sent.Close() != nil)
	query("undone", c, "SELECT count(*) FROM item WHERE app = 'undone'")
}

func prepared(c *pgx.Conn) {
	d, err := c.Prepare(ctx, "mine", "SELECT n, v, $1::text FROM item WHERE app = $1 AND n = $2")
	check(err)
	columns := []string{}
	for _, f := range d.Fields {
		columns = append(columns, fmt.Sprintf("%s %d %d %d", f.Name, f.DataTypeOID, f.TableAttributeNumber, f.DataTypeSize))
	}
	say("described", d.ParamOIDs, columns)
	query("prepared", c, "mine", "seed", 3)
	say("deallocated", c.Deallocate(ctx, "mine"))
	_, err = c.Prepare(ctx, "mine", "SELECT 'another'")
	check(err)
	query("prepared", c, "mine")
	exec("in SQL", c, `deallocate "mine"`)
	query("gone", c, "mine")
	_, err = c.Prepare(ctx, "broken", "SELECT nothing")
	say("broken", failed(err))
}

func transactions(c *pgx.Conn) {
	tx, err := c.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.Serializable, AccessMode: pgx.ReadOnly, DeferrableMode: pgx.Deferrable})
	check(err)
	query("isolation", tx, "SHOW transaction_isolation")
	exec("read only", tx, "INSERT INTO item (app, n) VALUES ('ro', 1)")
	say("commit", tx.Commit(ctx))
	err = c.BeginFunc(ctx, func(tx pgx.Tx) error {
		exec("outer", tx, "INSERT INTO item (app, n) VALUES ('tx', $1)", 1)
		inner := tx.BeginFunc(ctx, func(tx pgx.Tx) error { // a savepoint
			exec("inner", tx, "INSERT INTO item (app, n) VALUES ('tx', $1)", 2)
			_, err := tx.Exec(ctx, "INSERT INTO item (app, n) VALUES ('tx', $1)", 1)
			return err
		})
		say("inner", failed(inner))
		return nil
	})
	say("outer", err)
	query("kept", c, "SELECT n FROM item WHERE app = 'tx'")
	exec("begin", c, "begin")
	exec("declare", c, "DECLARE k CURSOR FOR SELECT n FROM item WHERE app = $1 ORDER BY n", "seed")
	query("fetch", c, "FETCH 3 FROM k")
	query("fetch", c, "FETCH 3 FROM k")
	exec("rollback", c, "rollback")
	say("status", string([]byte{c.PgConn().TxStatus()}))
}

func copies(c *pgx.Conn) {
	source := [][]interface{}{}
	for n := 0; n < 2000; n++ {
		source = append(source, []interface{}{"copy", int32(n), strings.Repeat("tab\tnewline\n\\", n%30)})
	}
	n, err := c.CopyFrom(ctx, pgx.Identifier{"item"}, []string{"app", "n", "v"}, pgx.CopyFromRows(source)) // binary
	say("copied", n, err)
	_, err = c.CopyFrom(ctx, pgx.Identifier{"public", "item"}, []string{"app", "n", "v"}, pgx.CopyFromRows(source[5:6]))
	say("unique", failed(err))
	_, err = c.CopyFrom(ctx, pgx.Identifier{"item"}, []string{"app", "n"}, pgx.CopyFromRows([][]interface{}{{"copy", nil}}))
	say("null", failed(err))
	query("copied", c, "SELECT count(*), sum(length(v)) FROM item WHERE app = 'copy'")
	tag, err := c.PgConn().CopyFrom(ctx, strings.NewReader("text,1,\"a \"\"b\"\ntext,2,\n"), "COPY item (app, n, v) FROM STDIN (FORMAT csv)")
	say("text", tag, err)
	var out bytes.Buffer
	tag, err = c.PgConn().CopyTo(ctx, &out, "COPY (SELECT n, v FROM item WHERE app IN ('seed', 'text') AND n < 3 ORDER BY n, app) TO STDOUT")
	say("out", tag, err, out.String())
}

func raw(c *pgx.Conn) {
	results, err := c.PgConn().Exec(ctx, "SELECT 1; UPDATE item SET v = 'raw' WHERE app = 'seed' AND n = 9; SELECT v FROM item WHERE app = 'seed' AND n = 9; SELECT 1/0; SELECT 2").ReadAll()
	say("several", len(results), failed(err))
	r := c.PgConn().ExecParams(ctx, "SELECT n, v FROM item WHERE app = $1 AND n = $2", [][]byte{[]byte("seed"), {0, 0, 0, 8}}, nil, []int16{0, 1}, []int16{1, 0}).Read()
	say("parameters", r.Rows, r.CommandTag, r.Err)
	b := &pgconn.Batch{}
	for n := 0; n < 500; n++ {
		b.ExecParams("SELECT repeat(id, 300) FROM \"User\" WHERE id = $1", [][]byte{[]byte(fmt.Sprint("u", n%4))}, nil, nil, nil)
	}
	results, err = c.PgConn().ExecBatch(ctx, b).ReadAll()
	bytes := 0
	for _, r := range results {
		for _, row := range r.Rows {
			bytes += len(row[0])
		}
	}
	say("raw batch", len(results), bytes, err)
}

func cancelled(url string) {
	c, err := pgx.Connect(ctx, url)
	check(err)
	until, cancel := context.WithCancel(ctx)
	rows, err := c.Query(until, "SELECT repeat('x', 1000) FROM item a, item b, item c, item d")
	check(err)
	say("a row", rows.Next())
	cancel()
	for rows.Next() {
	}
	rows.Close()
	say("cancelled", rows.Err() != nil, c.IsClosed())
	c, err = pgx.Connect(ctx, url)
	check(err)
	result := c.PgConn().ExecParams(ctx, "SELECT repeat('x', 1000) FROM item a, item b, item c, item d", nil, nil, nil, nil)
	say("a row", result.NextRow())
	check(c.PgConn().CancelRequest(ctx))
	for result.NextRow() {
	}
	_, err = result.Close()
	say("asked to", failed(err))
	query("goes on", c, "SELECT count(*) FROM item WHERE app = 'seed'")
	check(c.Close(ctx))
}

func pooled(url string) {
	pool, err := pgxpool.Connect(ctx, url+"&pool_max_conns=4")
	check(err)
	var all sync.WaitGroup
	for i := 0; i < 8; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			for j := 0; j < 10; j++ {
				check(pool.BeginFunc(ctx, func(tx pgx.Tx) error {
					_, err := tx.Exec(ctx, "UPDATE item SET v = v || $1 WHERE app = 'pgx' AND n = $2", fmt.Sprint(j), i)
					return err
				}))
			}
		}(i)
	}
	all.Wait()
	query("pooled", pool, "SELECT n, v FROM item WHERE app = 'pgx' AND n < 9 ORDER BY n")
	pool.Close()
}

func throughStandard(url string) {
	config, err := pgx.ParseConfig(url)
	check(err)
	db := stdlib.OpenDB(*config)
	check(db.Ping())
	st, err := db.Prepare("SELECT v FROM item WHERE app = $1 AND n = $2")
	check(err)
	for n := 1; n < 4; n++ {
		var v string
		check(st.QueryRow("seed", n).Scan(&v))
		say("database/sql", v)
	}
	check(st.Close()) // deallocate "pgx_0"
	tx, err := db.Begin()
	check(err)
	result, err := tx.Exec("UPDATE item SET v = 'std' WHERE app = 'seed' AND n < $1", 5)
	check(err)
	n, _ := result.RowsAffected()
	say("updated", n, tx.Rollback())
	check(db.Close())
}

func main() {
	url := os.Args[1] + "?sslmode=disable"
	config, err := pgx.ParseConfig(url + "&application_name=app&statement_timeout=20000&timezone=UTC")
	check(err)
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { say("notice", n.Severity, n.Code) }
	c, err := pgx.ConnectConfig(ctx, config)
	check(err)
	check(c.Ping(ctx))
	query("settings", c, "SELECT current_setting('application_name'), current_setting('statement_timeout'), current_setting('timezone')")
	exec("notice", c, "rollback")
	reading(c)
	batches(c)
	prepared(c)
	transactions(c)
	copies(c)
	raw(c)
	check(c.Close(ctx))
	for _, mode := range []string{"", "&statement_cache_mode=describe", "&statement_cache_capacity=0"} {
		say("mode", mode)
		config, err = pgx.ParseConfig(url + mode)
		check(err)
		config.PreferSimpleProtocol = mode == ""
		c, err = pgx.ConnectConfig(ctx, config)
		check(err)
		reading(c)
		check(c.Close(ctx))
	}
	cancelled(url)
	pooled(url)
	throughStandard(url)
	fmt.Println("done")
}
